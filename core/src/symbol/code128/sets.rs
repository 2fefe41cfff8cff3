//! Which code set to be in at each character, so that the symbol is the shortest there is.
//!
//! Set A has capitals and control characters, B capitals and small letters, C two digits at a time. A change of
//! set costs one symbol character; a shift costs one as well and holds for a single character of A or B.

use crate::symbol::limits::CODE128_MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    A,
    B,
    C,
}

/// In order of preference among equals.
const SETS: [Set; 3] = [Set::C, Set::B, Set::A];
const SHIFT: u8 = 98;

/// Symbol characters from the start on, without check and stop.
pub(super) struct Values {
    values: [u8; 2 * CODE128_MAX + 1],
    len: usize,
}

impl Values {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.values[..self.len]
    }

    fn push(&mut self, value: u8) {
        self.values[self.len] = value;
        self.len += 1;
    }
}

/// `text` is ASCII, from 1 to `CODE128_MAX` characters.
pub(super) fn shortest(text: &[u8]) -> Values {
    let mut values = Values { values: [0; 2 * CODE128_MAX + 1], len: 0 };
    if text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_digit) {
        // nothing is shorter than two digits in one, so there is nothing to weigh
        values.push(Set::C.start());
        text.chunks_exact(2).for_each(|pair| values.push(two_digits(pair[0], pair[1])));
        return values;
    }
    let costs = Costs::of(text);
    let mut at = 0;
    let mut set = costs.best_set(0, None);
    values.push(set.start());
    while at < text.len() {
        let next = costs.best_set(at, Some(set));
        if next != set {
            values.push(next.latch());
            set = next;
        }
        match (set, &text[at..]) {
            (Set::C, [tens, ones, ..]) => {
                values.push(two_digits(*tens, *ones));
                at += 2;
            }
            (_, rest) => {
                let here = set.value(rest[0]);
                let other = set.other().value(rest[0]);
                if here.is_none() {
                    values.push(SHIFT);
                }
                values.push(here.or(other).unwrap_or_default());
                at += 1;
            }
        }
    }
    values
}

/// For each place in the text and each set: how many symbol characters the rest takes if its first one is
/// written in that set, shifted or not.
struct Costs([[u16; 3]; CODE128_MAX + 1]);

/// More than any text costs, and far from overflow.
const NEVER: u16 = 10_000;

impl Costs {
    fn of(text: &[u8]) -> Self {
        let mut costs = Self([[0; 3]; CODE128_MAX + 1]);
        for at in (0..text.len()).rev() {
            for set in SETS {
                costs.0[at][set as usize] = match (set, &text[at..]) {
                    (Set::C, [tens, ones, ..])
                        if tens.is_ascii_digit() && ones.is_ascii_digit() =>
                    {
                        1 + costs.going_on(at + 2, set)
                    }
                    (Set::C, _) => NEVER,
                    (_, rest) => {
                        let shifted = u16::from(set.value(rest[0]).is_none());
                        1 + shifted + costs.going_on(at + 1, set)
                    }
                };
            }
        }
        costs
    }

    /// What the rest costs for one who is in `set`.
    fn going_on(&self, at: usize, set: Set) -> u16 {
        let best = self.best_set(at, Some(set));
        self.0[at][best as usize] + u16::from(best != set)
    }

    /// The set to write the next character in; one who is in a set pays for leaving it, and stays if it is equal.
    fn best_set(&self, at: usize, from: Option<Set>) -> Set {
        let cost = |set: &Set| {
            let change = from.is_some_and(|from| from != *set);
            (self.0[at][*set as usize] + u16::from(change), change)
        };
        SETS.into_iter().min_by_key(cost).unwrap_or(Set::B)
    }
}

impl Set {
    fn start(self) -> u8 {
        103 + self as u8
    }

    /// The symbol character that changes to this set, the same in both others.
    fn latch(self) -> u8 {
        101 - self as u8
    }

    /// Where a shift leads: from A to B and back.
    fn other(self) -> Self {
        if self == Self::A { Self::B } else { Self::A }
    }

    /// The symbol character for one ASCII character, if the set has it.
    fn value(self, character: u8) -> Option<u8> {
        match (self, character) {
            (Self::A | Self::B, 32..=95) | (Self::B, 96..=127) => Some(character - 32),
            (Self::A, 0..=31) => Some(character + 64),
            _ => None,
        }
    }
}

fn two_digits(tens: u8, ones: u8) -> u8 {
    (tens - b'0') * 10 + (ones - b'0')
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// The state of a scanner: the set it is in, and whether a shift is waiting.
    type Reader = (u8, bool);

    /// One symbol character as a scanner takes it, written after the standard with no regard to the
    /// encoder: what it says, and the scanner's state after it. `None` for what we never write (FNC1 to 4).
    fn read((set, shifted): Reader, value: u8) -> Option<(Reader, Vec<u8>)> {
        if set == b'C' {
            return match value {
                0..=99 => Some(((set, false), format!("{value:02}").into_bytes())),
                100 => Some(((b'B', false), vec![])),
                101 => Some(((b'A', false), vec![])),
                _ => None,
            };
        }
        let shown = match (set, shifted) {
            (b'A', false) | (b'B', true) => b'A',
            _ => b'B',
        };
        match (shown, value) {
            (b'A', 64..=95) => Some(((set, false), vec![value - 64])),
            (_, 0..=95) => Some(((set, false), vec![value + 32])),
            (_, 98) if !shifted => Some(((set, true), vec![])),
            (_, 99) if !shifted => Some(((b'C', false), vec![])),
            (b'A', 100) if !shifted => Some(((b'B', false), vec![])),
            (b'B', 101) if !shifted => Some(((b'A', false), vec![])),
            _ => None,
        }
    }

    fn read_all(values: &[u8]) -> Vec<u8> {
        let mut reader = (b'A' + values[0] - 103, false);
        let mut text = vec![];
        for &value in &values[1..] {
            let (next, said) = read(reader, value).unwrap();
            reader = next;
            text.extend(said);
        }
        assert!(!reader.1, "a shift with nothing after it");
        text
    }

    /// The fewest symbol characters of any sequence at all that a scanner reads as `text`, start included:
    /// every value tried at every step, breadth first.
    fn fewest(text: &[u8]) -> usize {
        let mut seen: HashSet<(Reader, usize)> = HashSet::new();
        let mut edge: Vec<(Reader, usize)> = b"ABC".iter().map(|&set| ((set, false), 0)).collect();
        for count in 1.. {
            let mut next = vec![];
            for (reader, done) in edge {
                if done == text.len() && !reader.1 {
                    return count;
                }
                for value in 0..103 {
                    if let Some((reader, said)) = read(reader, value)
                        && text[done..].starts_with(&said)
                        && seen.insert((reader, done + said.len()))
                    {
                        next.push((reader, done + said.len()));
                    }
                }
            }
            edge = next;
        }
        unreachable!()
    }

    #[test]
    fn nothing_shorter_exists_for_any_text_of_up_to_six_characters() {
        // a digit, a small letter, a capital, a control character: one of each kind that the sets tell apart
        const KINDS: &[u8; 4] = b"1aA\x01";
        for len in 1..=6 {
            for number in 0..4_usize.pow(len) {
                let text: Vec<u8> =
                    (0..len).map(|place| KINDS[number / 4_usize.pow(place) % 4]).collect();
                let values = shortest(&text);
                assert_eq!(read_all(values.as_slice()), text);
                assert_eq!(values.as_slice().len(), fewest(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn the_worst_text_fits() {
        let text: Vec<u8> = b"a\x01".iter().copied().cycle().take(CODE128_MAX).collect();
        assert_eq!(read_all(shortest(&text).as_slice()), text);
    }

    proptest! {
        #[test]
        fn any_ascii_text_is_read_back_and_nothing_shorter_exists(text in "[\\x00-\\x7f]{1,30}|[0-9a\\x01]{1,80}") {
            let values = shortest(text.as_bytes());
            prop_assert_eq!(read_all(values.as_slice()), text.as_bytes());
            prop_assert_eq!(values.as_slice().len(), fewest(text.as_bytes()));
        }
    }
}
