//! The data of a record: a CBOR map (RFC 8949) with small integer keys, key 0 the kind, in deterministic encoding
//! (section 4.2.1): shortest lengths, keys ascending, nothing indefinite.

use minicbor::decode::Decoder;
use minicbor::encode::{self, Encoder, Write};
use zeroize::Zeroizing;

use super::VaultError;
use super::record::MAX_DATA;

/// Why data under a valid seal cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// It is not the one encoding of any value of this kind.
    Malformed,
    /// It has a key that this version does not know: a later version wrote it.
    UnknownKey,
}

impl From<minicbor::decode::Error> for DecodeError {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::Malformed
    }
}

impl From<DecodeError> for VaultError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Malformed => Self::Corrupt,
            DecodeError::UnknownKey => Self::NewerFormat,
        }
    }
}

/// The data would exceed [`MAX_DATA`].
#[derive(Debug)]
pub struct BufferFull;

/// The result of writing an entry.
pub(crate) type EncodeResult = Result<(), encode::Error<BufferFull>>;

impl From<encode::Error<BufferFull>> for VaultError {
    fn from(_: encode::Error<BufferFull>) -> Self {
        Self::TooLarge
    }
}

/// Writes a map entry by entry. Call with ascending keys.
pub struct MapWriter(Encoder<WipedBuffer>);

/// A map of up to 23 entries begins with this byte plus their number.
const MAP: u8 = 0xa0;

impl MapWriter {
    /// Begins a map with its kind.
    pub(crate) fn new(kind: u8) -> Result<Self, encode::Error<BufferFull>> {
        let mut buffer = WipedBuffer(Zeroizing::new(Vec::with_capacity(512)));
        buffer.0.push(MAP);
        let mut map = Self(Encoder::new(buffer));
        map.uint(0, kind.into())?;
        Ok(map)
    }

    pub(crate) fn uint(&mut self, key: u8, value: u64) -> EncodeResult {
        self.entry(key)?.u64(value).map(drop)
    }

    pub(crate) fn int(&mut self, key: u8, value: i64) -> EncodeResult {
        self.entry(key)?.i64(value).map(drop)
    }

    pub(crate) fn text(&mut self, key: u8, value: &str) -> EncodeResult {
        self.entry(key)?.str(value).map(drop)
    }

    pub(crate) fn bytes(&mut self, key: u8, value: &[u8]) -> EncodeResult {
        self.entry(key)?.bytes(value).map(drop)
    }

    pub(crate) fn uints(&mut self, key: u8, values: &[u32]) -> EncodeResult {
        let encoder = self.entry(key)?.array(values.len() as u64)?;
        values.iter().try_for_each(|&value| encoder.u32(value).map(drop))
    }

    /// The encoded map.
    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0.into_writer().0
    }

    /// Counts one more entry in the map's first byte and writes its key. No kind comes near 23 entries.
    fn entry(&mut self, key: u8) -> Result<&mut Encoder<WipedBuffer>, encode::Error<BufferFull>> {
        if let Some(first) = self.0.writer_mut().0.first_mut() {
            *first += 1;
        }
        self.0.u8(key)
    }
}

/// A buffer that wipes what it leaves behind when it grows.
struct WipedBuffer(Zeroizing<Vec<u8>>);

impl Write for WipedBuffer {
    type Error = BufferFull;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), BufferFull> {
        let length = self.0.len() + bytes.len();
        if length > MAX_DATA {
            return Err(BufferFull);
        }
        if length > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Reads a map entry by entry, and accepts of each value the one deterministic encoding only.
///
/// Being asked for keys in ascending order, it finds those that are unknown, doubled or out of order by what is left at
/// the end.
pub struct MapReader<'a> {
    decoder: Decoder<'a>,
    left: u64,
    next: Option<u8>,
    asked: u8,
}

impl<'a> MapReader<'a> {
    /// Begins to read, and returns the kind.
    pub(crate) fn new(data: &'a [u8]) -> Result<(u64, Self), DecodeError> {
        let decoder = Decoder::new(data);
        let mut map = Self { decoder, left: 0, next: None, asked: 0 };
        map.left = map.shortest(|decoder| {
            let entries = decoder.map()?.ok_or(DecodeError::Malformed)?;
            Ok((entries, head(entries)))
        })?;
        let kind = map.uint(0)?;
        Ok((kind, map))
    }

    pub(crate) fn uint(&mut self, key: u8) -> Result<u64, DecodeError> {
        self.optional_uint(key)?.ok_or(DecodeError::Malformed)
    }

    pub(crate) fn int(&mut self, key: u8) -> Result<i64, DecodeError> {
        self.need(key)?;
        self.shortest(|decoder| {
            let value = decoder.i64()?;
            // Of a negative number, -1 - n is written.
            let written = if value < 0 { !value } else { value };
            Ok((value, head(written.unsigned_abs())))
        })
    }

    pub(crate) fn text(&mut self, key: u8) -> Result<&'a str, DecodeError> {
        self.optional_text(key)?.ok_or(DecodeError::Malformed)
    }

    pub(crate) fn bytes(&mut self, key: u8) -> Result<&'a [u8], DecodeError> {
        self.optional_bytes(key)?.ok_or(DecodeError::Malformed)
    }

    /// Reads an array of at most `max` numbers.
    pub(crate) fn uints(&mut self, key: u8, max: u64) -> Result<Vec<u32>, DecodeError> {
        self.need(key)?;
        let count = self.shortest(|decoder| {
            let allowed = decoder.array()?.filter(|&count| count <= max);
            let count = allowed.ok_or(DecodeError::Malformed)?;
            Ok((count, head(count)))
        })?;
        let number = |decoder: &mut Decoder<'a>| {
            let value = decoder.u32()?;
            Ok((value, head(value.into())))
        };
        (0..count).map(|_| self.shortest(number)).collect()
    }

    pub(crate) fn optional_uint(&mut self, key: u8) -> Result<Option<u64>, DecodeError> {
        self.optional(key, |decoder| {
            let value = decoder.u64()?;
            Ok((value, head(value)))
        })
    }

    pub(crate) fn optional_text(&mut self, key: u8) -> Result<Option<&'a str>, DecodeError> {
        self.optional(key, |decoder| {
            let text = decoder.str()?;
            Ok((text, head(text.len() as u64) + text.len()))
        })
    }

    pub(crate) fn optional_bytes(&mut self, key: u8) -> Result<Option<&'a [u8]>, DecodeError> {
        self.optional(key, |decoder| {
            let bytes = decoder.bytes()?;
            Ok((bytes, head(bytes.len() as u64) + bytes.len()))
        })
    }

    /// Checks that nothing is left.
    pub(crate) fn finish(mut self) -> Result<(), DecodeError> {
        self.look_ahead()?;
        match self.next {
            Some(key) if key > self.asked => Err(DecodeError::UnknownKey),
            None if self.decoder.position() == self.decoder.input().len() => Ok(()),
            _ => Err(DecodeError::Malformed),
        }
    }

    /// Goes to the value of `key`, or stays where it is if that is not the next key.
    fn has(&mut self, key: u8) -> Result<bool, DecodeError> {
        self.look_ahead()?;
        self.asked = key;
        Ok(self.next.take_if(|next| *next == key).is_some())
    }

    fn need(&mut self, key: u8) -> Result<(), DecodeError> {
        if self.has(key)? { Ok(()) } else { Err(DecodeError::Malformed) }
    }

    fn look_ahead(&mut self) -> Result<(), DecodeError> {
        if self.next.is_none() && self.left > 0 {
            self.left -= 1;
            self.next = Some(self.shortest(|decoder| {
                let key = decoder.u8()?;
                Ok((key, head(key.into())))
            })?);
        }
        Ok(())
    }

    fn optional<T>(
        &mut self,
        key: u8,
        read: impl FnOnce(&mut Decoder<'a>) -> Result<(T, usize), DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.has(key)? { self.shortest(read).map(Some) } else { Ok(None) }
    }

    /// Reads one value, which must have taken as many bytes as its shortest encoding has.
    fn shortest<T>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'a>) -> Result<(T, usize), DecodeError>,
    ) -> Result<T, DecodeError> {
        let before = self.decoder.position();
        let (value, length) = read(&mut self.decoder)?;
        let taken = self.decoder.position() - before;
        if taken == length { Ok(value) } else { Err(DecodeError::Malformed) }
    }
}

/// Bytes of the shortest head that carries this number (RFC 8949, section 3).
fn head(number: u64) -> usize {
    match number {
        0..=0x17 => 1,
        0x18..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}
