//! How hard a symbol is to scan: the score by which a mask is chosen (ISO/IEC 18004, 7.8.3).
//!
//! All four rules are counted on whole lines of modules at a time, a row and a column in each word.

use super::layout::Grid;

/// The first 20 modules of both lines: those that have a next one.
const HAS_NEXT: u64 = 0xffff_f000_ffff_f000;
/// The row in a word, without the column.
const ROW: u64 = 0xffff_ffff_0000_0000;

/// 21 x 21.
const MODULES: u32 = 441;

/// The lower the better.
pub(super) fn score(grid: &Grid) -> u32 {
    let mut score = 0;
    for &word in &grid.0 {
        score += runs(word) + 40 * finders(word);
    }
    for pair in grid.0.windows(2) {
        score += 3 * blocks(pair[0], pair[1]);
    }
    score + balance(grid)
}

/// Rule 1: a run of five modules alike costs 3, each one more costs 1.
fn runs(word: u64) -> u32 {
    let same = alike(word);
    // where a run has at least four more; a run of n has n - 4 such places, and one first of them
    let five = same & same << 1 & same << 2 & same << 3;
    let first = five & !(five >> 1);
    five.count_ones() + 2 * first.count_ones()
}

/// Rule 2: each square of 2 x 2 modules alike costs 3, overlaps counted.
fn blocks(word: u64, next: u64) -> u32 {
    let same_below = !(word ^ next);
    (alike(word) & same_below & same_below << 1 & ROW).count_ones()
}

/// Rule 3: what looks like a finder pattern (1:1:3:1:1 with four light modules before or after it) costs 40. Beyond
/// the edge is light, as there the quiet zone begins.
fn finders(word: u64) -> u32 {
    // four modules of the quiet zone in front; the eleven free bits of each half are more of it behind
    let dark = word >> 4;
    let light = !dark;
    let core = dark & light << 1 & dark << 2 & dark << 3 & dark << 4 & light << 5 & dark << 6;
    let four = light & light << 1 & light << 2 & light << 3;
    (core & (four >> 4 | four << 7)).count_ones()
}

/// Rule 4: each whole 5 % that the share of dark modules is away from half costs 10.
fn balance(grid: &Grid) -> u32 {
    let dark: u32 = grid.0.iter().map(|word| (word & ROW).count_ones()).sum();
    10 * ((2 * dark).abs_diff(MODULES) * 10 / MODULES)
}

/// Which modules are like the next one on their line.
fn alike(word: u64) -> u64 {
    !(word ^ word << 1) & HAS_NEXT
}
