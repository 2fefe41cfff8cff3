//! Digits in a version 1 symbol, the smallest: what a payment code is shown as, in a few microseconds.

use super::{
    codewords,
    layout::{self, FRAMES, Grid, SIDE},
    penalty,
};
use crate::symbol::{
    matrix::{Format, Symbol},
    qr_level::QrLevel,
};

/// `None` if these are not digits, or too many or too few for version 1 at this level.
pub(super) fn encode(digits: &[u8], level: QrLevel) -> Option<Symbol> {
    let placed = layout::place(&codewords::encode(digits, level)?);
    let masked = FRAMES[level as usize].iter().map(|frame| placed.flipped_by(frame));
    masked.min_by_key(penalty::score).map(|grid| pack(&grid))
}

fn pack(grid: &Grid) -> Symbol {
    let rows = (0..SIDE).flat_map(|y| grid.row(y)).collect();
    Symbol { format: Format::Qr, width: 21, rows }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use qrcode::{
        Color, QrCode, Version, bits,
        canvas::{Canvas, MaskPattern},
        ec,
    };

    use super::*;

    const LEVELS: [QrLevel; 4] = [QrLevel::L, QrLevel::M, QrLevel::Q, QrLevel::H];

    /// In the order of their numbers in the standard.
    const MASKS: [MaskPattern; 8] = [
        MaskPattern::Checkerboard,
        MaskPattern::HorizontalLines,
        MaskPattern::VerticalLines,
        MaskPattern::DiagonalLines,
        MaskPattern::LargeCheckerboard,
        MaskPattern::Fields,
        MaskPattern::Diamonds,
        MaskPattern::Meadow,
    ];

    type Modules = Vec<Vec<bool>>;

    /// The symbol in all eight masks, as the crate `qrcode` draws them.
    fn by_the_crate(digits: &[u8], level: QrLevel) -> Vec<Modules> {
        let version = Version::Normal(1);
        let level = level.into();
        let mut bits = bits::Bits::new(version);
        bits.push_numeric_data(digits).unwrap();
        bits.push_terminator(level).unwrap();
        let (data, correction) =
            ec::construct_codewords(&bits.into_bytes(), version, level).unwrap();
        let mut canvas = Canvas::new(version, level);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &correction);
        let masked = MASKS.iter().map(|&mask| {
            let mut canvas = canvas.clone();
            canvas.apply_mask(mask);
            modules(&canvas.into_colors())
        });
        masked.collect()
    }

    fn by_us(digits: &[u8], level: QrLevel) -> Vec<Grid> {
        let placed = layout::place(&codewords::encode(digits, level).unwrap());
        FRAMES[level as usize].iter().map(|frame| placed.flipped_by(frame)).collect()
    }

    fn modules(colors: &[Color]) -> Modules {
        colors
            .chunks(SIDE)
            .map(|row| row.iter().map(|&color| color == Color::Dark).collect())
            .collect()
    }

    fn rows_of(grid: &Grid) -> Modules {
        let dark = |y: usize, x: usize| grid.row(y)[x / 8] & 0x80 >> (x % 8) != 0;
        (0..SIDE).map(|y| (0..SIDE).map(|x| dark(y, x)).collect()).collect()
    }

    fn columns_of(grid: &Grid) -> Modules {
        let dark = |y: usize, x: usize| grid.0[x] & 1 << (31 - y) != 0;
        (0..SIDE).map(|y| (0..SIDE).map(|x| dark(y, x)).collect()).collect()
    }

    /// Rules 1 to 3 of ISO/IEC 18004, 7.8.3, read off the page with no thought of speed.
    fn plain_score(modules: &Modules) -> usize {
        let at = |x: usize, y: usize| modules[y][x];
        let rows = (0..SIDE).map(|y| (0..SIDE).map(|x| at(x, y)).collect::<Vec<_>>());
        let columns = (0..SIDE).map(|x| (0..SIDE).map(|y| at(x, y)).collect::<Vec<_>>());
        let mut score = 0;
        for line in rows.chain(columns) {
            for run in line.chunk_by(|a, b| a == b).filter(|run| run.len() >= 5) {
                score += 3 + run.len() - 5;
            }
            let quiet = [false; 4];
            let line = [&quiet, &line[..], &quiet].concat();
            for start in 4..4 + SIDE - 6 {
                let finder = line[start..start + 7] == [true, false, true, true, true, false, true];
                let before = !line[start - 4..start].contains(&true);
                let after = !line[start + 7..start + 11].contains(&true);
                score += if finder && (before || after) { 40 } else { 0 };
            }
        }
        for (x, y) in (0..SIDE - 1).flat_map(|x| (0..SIDE - 1).map(move |y| (x, y))) {
            let square = [at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1)];
            score += if square == [true; 4] || square == [false; 4] { 3 } else { 0 };
        }
        score
    }

    fn dark_share(modules: &Modules) -> f64 {
        let dark = modules.iter().flatten().filter(|dark| **dark).count();
        f64::from(u32::try_from(dark).unwrap()) / 441.0
    }

    /// Rule 4 of the standard: 10 points for each whole step of 5 %.
    fn plain_balance(modules: &Modules) -> usize {
        let steps = (dark_share(modules) - 0.5).abs() / 0.05;
        (0..10).filter(|step| f64::from(*step) + 1.0 <= steps).count() * 10
    }

    /// Rule 4 as the crate has it: a point for each half of a percent, rounded towards dark.
    fn balance_of_the_crate(modules: &Modules) -> usize {
        let dark = modules.iter().flatten().filter(|dark| **dark).count();
        (dark * 200 / 441).abs_diff(100)
    }

    fn first_lowest(scores: impl Iterator<Item = usize>) -> usize {
        let scores: Vec<_> = scores.collect();
        scores.iter().position(|score| score == scores.iter().min().unwrap()).unwrap()
    }

    #[test]
    fn the_qr_code_of_a_payment_code_is_frozen() {
        let symbol = encode(b"010168606235459802301338", QrLevel::Q).unwrap();
        let module = |x, y| if symbol.is_dark(x, y) { '#' } else { '.' };
        let rows: Vec<String> = (0..21).map(|y| (0..21).map(|x| module(x, y)).collect()).collect();
        assert_eq!(
            rows,
            [
                "#######..###..#######",
                "#.....#..#.##.#.....#",
                "#.###.#..#..#.#.###.#",
                "#.###.#.#.....#.###.#",
                "#.###.#...#...#.###.#",
                "#.....#.###...#.....#",
                "#######.#.#.#.#######",
                "........#.#..........",
                ".##...#..##.#.##.#...",
                "...#.#....#.#.#.....#",
                "#.#..###.#..#.##.#.#.",
                "#....#....#.#.....#..",
                ".#..####..##.#...#.##",
                "........##.######....",
                "#######..####.##.#.##",
                "#.....#..#...#...#..#",
                "#.###.#..##...#...#.#",
                "#.###.#..#...#.#.##..",
                "#.###.#.#..####..#.##",
                "#.....#.###...#.#..#.",
                "#######...######...##",
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn every_mask_at_every_level_is_what_the_crate_draws(digits in "[0-9]{1,41}") {
            let digits = digits.as_bytes();
            for level in LEVELS.into_iter().filter(|&level| codewords::encode(digits, level).is_some()) {
                for (ours, theirs) in by_us(digits, level).iter().zip(by_the_crate(digits, level)) {
                    prop_assert_eq!(rows_of(ours), theirs.clone());
                    prop_assert_eq!(columns_of(ours), theirs);
                }
            }
        }

        #[test]
        fn every_score_is_that_of_the_standard_and_the_lowest_is_drawn(digits in "[0-9]{1,41}") {
            let digits = digits.as_bytes();
            for level in LEVELS.into_iter().filter(|&level| codewords::encode(digits, level).is_some()) {
                let masks = by_the_crate(digits, level);
                let plain: Vec<_> = masks.iter().map(|it| plain_score(it) + plain_balance(it)).collect();
                let ours = by_us(digits, level);
                let scored = ours.iter().map(|grid| penalty::score(grid) as usize);
                prop_assert_eq!(scored.collect::<Vec<_>>(), plain.clone());
                let drawn = encode(digits, level).unwrap();
                prop_assert_eq!(drawn, pack(&ours[first_lowest(plain.into_iter())]));
            }
        }

        /// Where our choice of mask differs from the crate's, rule 4 is all that makes the difference.
        #[test]
        fn the_crate_scores_by_the_standard_but_for_its_finer_balance(digits in "[0-9]{1,41}") {
            let digits = digits.as_bytes();
            for level in LEVELS.into_iter().filter(|&level| codewords::encode(digits, level).is_some()) {
                let masks = by_the_crate(digits, level);
                let lowest = first_lowest(masks.iter().map(|it| plain_score(it) + balance_of_the_crate(it)));
                let code = QrCode::with_version(digits, Version::Normal(1), level.into()).unwrap();
                prop_assert_eq!(&modules(&code.to_colors()), &masks[lowest]);
            }
        }

        /// The scores of real symbols leave much untried; any pattern at all must be scored alike.
        #[test]
        fn any_pattern_is_scored_as_the_standard_scores_it(rows in prop::array::uniform21(0_u32..1 << 21), sparse: bool) {
            let rows = if sparse { rows.map(|row| row & row >> 3 & 0x1f_f3ff) } else { rows };
            let mut grid = Grid([0; SIDE]);
            for (y, row) in rows.iter().enumerate() {
                for x in (0..SIDE).filter(|x| row >> x & 1 == 1) {
                    grid.0[y] |= 1 << (63 - x);
                    grid.0[x] |= 1 << (31 - y);
                }
            }
            let modules = rows_of(&grid);
            prop_assert_eq!(penalty::score(&grid) as usize, plain_score(&modules) + plain_balance(&modules));
        }
    }
}
