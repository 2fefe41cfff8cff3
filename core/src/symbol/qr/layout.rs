//! What goes where in a version 1 symbol: 21 x 21 modules.

use super::codewords::ALL;

/// Modules on a side.
pub(super) const SIDE: usize = 21;
/// Masks to choose from.
pub(super) const MASKS: usize = 8;

/// The modules of a symbol twice over: word `i` has row `i` in its upper half and column `i` in its lower, each
/// from its highest bit on. What is scored along rows and columns is then scored along both at once.
#[derive(Clone, Copy)]
pub(super) struct Grid(pub(super) [u64; SIDE]);

impl Grid {
    const EMPTY: Self = Self([0; SIDE]);

    const fn darken(&mut self, x: usize, y: usize) {
        self.0[y] |= 1 << (63 - x);
        self.0[x] |= 1 << (31 - y);
    }

    /// This symbol where the other is light, and the reverse of it where the other is dark.
    pub(super) fn flipped_by(&self, other: &Self) -> Self {
        let mut flipped = *self;
        flipped.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word ^= other);
        flipped
    }

    /// Row `y` in packed bytes.
    pub(super) fn row(&self, y: usize) -> [u8; 3] {
        let [a, b, c, ..] = self.0[y].to_be_bytes();
        [a, b, c]
    }
}

/// The codewords at their places, all else light.
pub(super) fn place(codewords: &[u8; ALL]) -> Grid {
    let mut grid = Grid::EMPTY;
    for (byte, places) in codewords.iter().zip(&PLACES) {
        for (bit, &(x, y)) in places.iter().enumerate() {
            let dark = u64::from(byte >> (7 - bit) & 1);
            grid.0[y] |= dark << (63 - x);
            grid.0[x] |= dark << (31 - y);
        }
    }
    grid
}

/// For each level and mask what turns placed codewords into a whole symbol when they are flipped by it: the fixed
/// patterns, the format information and the mask.
pub(super) static FRAMES: [[Grid; MASKS]; 4] = {
    let mut frames = [[Grid::EMPTY; MASKS]; 4];
    let mut level = 0;
    while level < 4 {
        let mut mask = 0;
        while mask < MASKS {
            frames[level][mask] = frame(level, mask);
            mask += 1;
        }
        level += 1;
    }
    frames
};

const fn frame(level: usize, mask: usize) -> Grid {
    let mut grid = Grid::EMPTY;
    let mut y = 0;
    while y < SIDE {
        let mut x = 0;
        while x < SIDE {
            if if is_data(x, y) { is_masked(mask, x, y) } else { is_fixed_dark(x, y) } {
                grid.darken(x, y);
            }
            x += 1;
        }
        y += 1;
    }
    let format = format_information(level, mask);
    let mut bit = 0;
    while bit < 15 {
        if format >> bit & 1 == 1 {
            // ISO/IEC 18004, 7.9.1: around the upper left corner, and again along the two others
            let (x, y) = match bit {
                0..=5 => (8, bit),
                6..=7 => (8, bit + 1),
                8 => (7, 8),
                _ => (14 - bit, 8),
            };
            grid.darken(x, y);
            let (x, y) = if bit < 8 { (SIDE - 1 - bit, 8) } else { (8, SIDE - 15 + bit) };
            grid.darken(x, y);
        }
        bit += 1;
    }
    grid
}

/// Whether a module belongs to the codewords.
const fn is_data(x: usize, y: usize) -> bool {
    let between_x = x >= 9 && x < SIDE - 8;
    let between_y = y >= 9 && y < SIDE - 8;
    let last_corner = x >= 9 && y >= 9;
    (between_x || between_y || last_corner) && x != 6 && y != 6
}

/// The finder and timing patterns, and the one module beside them that is always dark.
const fn is_fixed_dark(x: usize, y: usize) -> bool {
    let finder = is_finder_dark(x, y)
        || x >= SIDE - 7 && is_finder_dark(x - (SIDE - 7), y)
        || y >= SIDE - 7 && is_finder_dark(x, y - (SIDE - 7));
    let timing = (y == 6 && x >= 8 && x < SIDE - 8 && x.is_multiple_of(2))
        || (x == 6 && y >= 8 && y < SIDE - 8 && y.is_multiple_of(2));
    finder || timing || (x == 8 && y == SIDE - 8)
}

/// Seven modules square: a ring around a block of three.
const fn is_finder_dark(x: usize, y: usize) -> bool {
    let ring = x < 7 && y < 7 && (x == 0 || x == 6 || y == 0 || y == 6);
    let block = x >= 2 && x <= 4 && y >= 2 && y <= 4;
    ring || block
}

/// ISO/IEC 18004, table 10.
const fn is_masked(mask: usize, x: usize, y: usize) -> bool {
    let value = match mask {
        0 => (x + y) % 2,
        1 => y % 2,
        2 => x % 3,
        3 => (x + y) % 3,
        4 => (y / 2 + x / 3) % 2,
        5 => x * y % 2 + x * y % 3,
        6 => (x * y % 2 + x * y % 3) % 2,
        _ => ((x + y) % 2 + x * y % 3) % 2,
    };
    value == 0
}

/// Level and mask with their ten check bits (ISO/IEC 18004, 7.9.1 and annex C).
const fn format_information(level: usize, mask: usize) -> usize {
    let data = [0b01, 0b00, 0b11, 0b10][level] << 3 | mask;
    let mut check = data;
    let mut step = 0;
    while step < 10 {
        check = (check << 1) ^ ((check >> 9) * 0b101_0011_0111);
        step += 1;
    }
    (data << 10 | check) ^ 0b101_0100_0001_0010
}

/// For each codeword the columns and rows of its bits, the highest first (ISO/IEC 18004, 7.7.3): two columns at a
/// time from the right, upwards and downwards in turn, past the column of the timing pattern.
static PLACES: [[(usize, usize); 8]; ALL] = {
    let mut places = [[(0, 0); 8]; ALL];
    let mut count = 0;
    let mut pair = 0;
    while pair < (SIDE - 1) / 2 {
        let right = SIDE - 1 - 2 * pair - if pair >= 7 { 1 } else { 0 };
        let mut step = 0;
        while step < 2 * SIDE {
            let x = right - step % 2;
            let y = if pair % 2 == 0 { SIDE - 1 - step / 2 } else { step / 2 };
            if is_data(x, y) {
                places[count / 8][count % 8] = (x, y);
                count += 1;
            }
            step += 1;
        }
        pair += 1;
    }
    places
};
