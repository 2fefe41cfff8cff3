//! Numbers of a few bits each, packed into bytes, most significant bit first.

/// Fills a slice from its start. Whole bytes are written as they come, the last by [`Packer::finish`].
pub(super) struct Packer<'a> {
    out: std::slice::IterMut<'a, u8>,
    pending: u32,
    count: u32,
}

impl<'a> Packer<'a> {
    /// The slice must have room for all that will be pushed; what has none is dropped.
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self { out: out.iter_mut(), pending: 0, count: 0 }
    }

    /// Appends the lowest `width` bits of `value`, at most 16; the bits above must be 0.
    pub(super) fn push(&mut self, value: u16, width: u32) {
        self.pending = (self.pending << width) | u32::from(value);
        self.count += width;
        while self.count >= 8 {
            self.count -= 8;
            self.byte();
        }
    }

    /// Fills the byte begun with zeros and gives back the slice after it.
    pub(super) fn finish(mut self) -> std::slice::IterMut<'a, u8> {
        if self.count > 0 {
            self.pending <<= 8 - self.count;
            self.count = 0;
            self.byte();
        }
        self.out
    }

    fn byte(&mut self) {
        if let Some(byte) = self.out.next() {
            *byte = (self.pending >> self.count).to_be_bytes()[3];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_packed_from_the_most_significant_on() {
        let mut bytes = [0xff; 4];
        let mut packer = Packer::new(&mut bytes);
        packer.push(0b101, 3);
        packer.push(0b1_1001_1001_1001, 13);
        packer.push(0b11, 2);
        assert_eq!(packer.finish().len(), 1);
        assert_eq!(bytes, [0b1011_1001, 0b1001_1001, 0b1100_0000, 0xff]);
    }
}
