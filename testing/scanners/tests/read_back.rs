//! What core draws is read by scanners that know nothing of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::num::NonZeroU8;

use fastrand::Rng;
use tegata::symbol::{Format, ModuleSize, PaymentSymbols, Symbol};
use tegata_scanners::{Picture, ScanResult, Symbology, Terminal, Theme, read, read_one};

/// A failing test prints the seed; another is tried with `TEGATA_SEED=…`.
fn seed() -> u64 {
    std::env::var("TEGATA_SEED")
        .map_or(20_190_701, |seed| seed.parse().expect("TEGATA_SEED is a number"))
}

fn payment_code(random: &mut Rng) -> String {
    (0..24).map(|_| random.digit(10)).collect()
}

fn both(code: &str) -> [Symbol; 2] {
    let symbols = PaymentSymbols::new(code.as_bytes().try_into().unwrap()).unwrap();
    [symbols.qr, symbols.code128]
}

type Draw = fn(&Symbol, u8) -> Picture;

/// The ways to draw a symbol, all at so many pixels per module.
const DRAWINGS: [(&str, Draw); 4] = [
    ("SVG", |symbol, scale| Picture::from_svg(&symbol.svg(), scale.into()).unwrap()),
    ("PNG", |symbol, scale| Picture::from_png(&png_file(symbol, scale)).unwrap()),
    ("dark terminal", |symbol, scale| terminal(symbol, scale, Theme::Dark)),
    ("light terminal", |symbol, scale| terminal(symbol, scale, Theme::Light)),
];

fn png_file(symbol: &Symbol, scale: u8) -> Vec<u8> {
    let mut file = vec![];
    symbol.write_png(&mut file, ModuleSize::new(scale.into()).unwrap()).unwrap();
    file
}

fn terminal(symbol: &Symbol, scale: u8, theme: Theme) -> Picture {
    let bar_lines = NonZeroU8::new(7).unwrap();
    let modules_in_a_cell = if symbol.format() == Format::Code128 { 2 } else { 1 };
    let screen = Terminal {
        columns: symbol.terminal_columns() + 6,
        lines: u16::try_from(symbol.terminal_lines(bar_lines).len()).unwrap() + 3,
        cell: usize::from(scale) * modules_in_a_cell,
        theme,
    };
    // somewhere on the screen, as a program would place it
    let drawing = symbol.terminal_ansi(bar_lines);
    let placed: String = drawing.lines().flat_map(|line| ["\n   ", line]).collect();
    screen.show(&placed)
}

fn kind(symbol: &Symbol) -> Symbology {
    match symbol.format() {
        Format::Qr => Symbology::Qr,
        Format::Code128 => Symbology::Code128,
    }
}

/// Both scanners read this and nothing else.
fn assert_read(results: &ScanResult, kind: &Symbology, text: &str, what: &str) {
    for (scanner, readings) in [("ZBar", &results.zbar), ("zxing-cpp", &results.zxing)] {
        let as_meant = matches!(&readings[..], [one] if one.symbology == *kind && one.text == text);
        assert!(as_meant, "{scanner} reads {readings:?} and not {text:?}: {what}, seed {}", seed());
    }
}

/// Draws in every way at this scale, wears, reads, compares.
fn assert_all_read(symbols: &[(Symbol, String)], scale: u8, wear: impl Fn(Picture) -> Picture) {
    for (way, draw) in DRAWINGS {
        let pictures: Vec<_> =
            symbols.iter().map(|(symbol, _)| wear(draw(symbol, scale))).collect();
        for ((symbol, text), results) in symbols.iter().zip(read(&pictures).unwrap()) {
            assert_read(&results, &kind(symbol), text, way);
        }
    }
}

#[test]
fn a_thousand_codes_are_read_at_two_pixels_per_module() {
    let mut random = Rng::with_seed(seed());
    let codes = (0..1000).map(|_| payment_code(&mut random));
    let symbols: Vec<_> =
        codes.flat_map(|code| both(&code).map(|symbol| (symbol, code.clone()))).collect();
    for part in symbols.chunks(500) {
        assert_all_read(part, 2, |picture| picture);
    }
}

#[test]
fn texts_of_any_kind_are_read_as_qr_codes() {
    let mut random = Rng::with_seed(seed());
    let letters: Vec<char> =
        (' '..='~').chain('ぁ'..='ん').chain('一'..='万').chain("éßñ７¥€😀".chars()).collect();
    let text = |random: &mut Rng| {
        (0..random.usize(1..=80)).map(|_| *random.choice(&letters).unwrap()).collect()
    };
    let texts: Vec<String> = (0..40).map(|_| text(&mut random)).collect();
    let symbols: Vec<_> =
        texts.into_iter().map(|text| (Symbol::qr(&text).unwrap(), text)).collect();
    assert_all_read(&symbols, 3, |picture| picture);
}

#[test]
fn texts_of_any_kind_are_read_as_code_128() {
    let mut random = Rng::with_seed(seed());
    // runs of one kind, so that all changes of set and shifts come up
    let text = |random: &mut Rng| {
        let runs = (0..random.usize(1..=5)).map(|_| match random.u8(0..4) {
            0 => (0..random.usize(1..=7)).map(|_| random.digit(10)).collect::<String>(),
            1 => (0..random.usize(1..=4)).map(|_| random.lowercase()).collect(),
            2 => (0..random.usize(1..=4)).map(|_| char::from(random.u8(0..32))).collect(),
            _ => (0..random.usize(1..=4)).map(|_| char::from(random.u8(32..128))).collect(),
        });
        runs.collect::<String>()
    };
    let texts: Vec<String> = (0..300).map(|_| text(&mut random)).collect();
    let symbols: Vec<_> =
        texts.into_iter().map(|text| (Symbol::code128(&text).unwrap(), text)).collect();
    assert_all_read(&symbols, 2, |picture| picture);
}

#[test]
fn every_ascii_character_is_read_in_code_128() {
    let texts = (0..128_u8).flat_map(|byte| {
        ["0000", "a", "\x01"].map(|before| format!("{before}{}", char::from(byte)))
    });
    let symbols: Vec<_> = texts.map(|text| (Symbol::code128(&text).unwrap(), text)).collect();
    assert_all_read(&symbols, 2, |picture| picture);
}

#[test]
fn qr_codes_of_all_sizes_and_levels_are_read() {
    use tegata::symbol::QrLevel::{H, L, M, Q};
    let mut random = Rng::with_seed(seed());
    let mut symbols = vec![];
    for level in [L, M, Q, H] {
        for len in [1, 17, 18, 41, 42, 100, 300, 700, 1270] {
            let text: String = (0..len).map(|_| random.alphanumeric()).collect();
            symbols.push((Symbol::qr_at(&text, level).unwrap(), text));
            let digits: String = (0..len).map(|_| random.digit(10)).collect();
            symbols.push((Symbol::qr_at(&digits, level).unwrap(), digits));
        }
    }
    assert_all_read(&symbols, 3, |picture| picture);
}

#[test]
fn a_symbol_on_black_is_read_by_its_quiet_zone() {
    let mut random = Rng::with_seed(seed());
    let symbols = some_payment_codes(&mut random, 50);
    assert_all_read(&symbols, 3, |picture| picture.framed(40, 0));
}

/// README.md has the limits of both scanners; all of this is well inside.
#[test]
fn worn_pictures_are_read() {
    let mut random = Rng::with_seed(seed());
    let mut symbols = some_payment_codes(&mut random, 50);
    let all_noise = seed();
    assert_all_read(&symbols, 4, |picture| picture.noisy(2.0, all_noise));
    assert_all_read(&symbols, 4, |picture| picture.blurred(1.0));
    assert_all_read(&symbols, 4, |picture| picture.rotated(1.0));
    assert_all_read(&symbols, 4, |picture| {
        picture.rotated(-1.0).blurred(0.8).noisy(2.0, all_noise)
    });
    // `ZBar` loses bars in sharp noise long before it loses a QR code
    symbols.retain(|(symbol, _)| symbol.format() == Format::Qr);
    assert_all_read(&symbols, 4, |picture| picture.noisy(15.0, all_noise));
}

#[test]
fn no_drawing_is_inverted() {
    let mut random = Rng::with_seed(seed());
    for symbol in both(&payment_code(&mut random)) {
        for (way, draw) in &DRAWINGS[..2] {
            let picture = draw(&symbol, 2);
            assert!(picture.luma().iter().all(|luma| [0, 255].contains(luma)), "{way}");
            let quiet = symbol.quiet_zone();
            let sides = usize::from(quiet.sides) * 2;
            let ends = usize::from(quiet.ends) * 2;
            for (y, row) in picture.luma().chunks(picture.width()).enumerate() {
                let whole = y < ends || y >= picture.height() - ends;
                let (left, right) =
                    if whole { (row, row) } else { (&row[..sides], &row[row.len() - sides..]) };
                assert!(left.iter().chain(right).all(|&luma| luma == 255), "{way}, row {y}");
                assert!(
                    whole || row[sides] == 0 || symbol.format() == Format::Qr,
                    "{way}, row {y}"
                );
            }
        }
        // in a terminal the symbol lies somewhere on the screen: black and white do, in either theme
        for (way, draw) in &DRAWINGS[2..] {
            let picture = draw(&symbol, 2);
            let dark = 0;
            let light = 255;
            let symbol_pixels =
                picture.luma().iter().filter(|&&luma| luma == dark || luma == light).count();
            let lines = symbol.terminal_lines(NonZeroU8::new(7).unwrap()).len();
            let cell = if symbol.format() == Format::Code128 { 4 } else { 2 };
            let expected = usize::from(symbol.terminal_columns()) * lines * cell * 2 * cell;
            assert_eq!(symbol_pixels, expected, "{way}");
        }
    }
}

/// What the tests above stand on: had we drawn it inverted, they would have seen it.
#[test]
fn an_inverted_symbol_is_not_read() {
    let mut random = Rng::with_seed(seed());
    let [qr, code128] = both(&payment_code(&mut random));
    let inverted = |symbol| DRAWINGS[1].1(symbol, 3).inverted().framed(30, 0);
    for symbol in [&qr, &code128] {
        let results = read_one(&inverted(symbol)).unwrap();
        assert!(results.zxing.is_empty(), "{results:?}");
    }
    assert!(read_one(&inverted(&qr)).unwrap().zbar.is_empty());
}

/// What the tests above stand on: a module turned over, and the text is another or none.
#[test]
fn a_symbol_of_other_modules_is_not_read_as_this_text() {
    let [_, code128] = both("010168606235459802301338");
    let picture = DRAWINGS[1].1(&code128, 2);
    // one module in the middle, all the way down
    let column = picture.width() / 2 / 2 * 2;
    let luma = picture.luma().iter().enumerate().map(|(at, luma)| {
        let x = at % picture.width();
        if x == column || x == column + 1 { 255 - luma } else { *luma }
    });
    let flipped = Picture::new(picture.width(), picture.height(), luma.collect()).unwrap();
    let results = read_one(&flipped).unwrap();
    assert!(
        results.zbar.iter().chain(&results.zxing).all(|it| it.text != "010168606235459802301338"),
        "{results:?}"
    );
}

fn some_payment_codes(random: &mut Rng, count: usize) -> Vec<(Symbol, String)> {
    let codes = (0..count).map(|_| payment_code(random));
    codes.flat_map(|code| both(&code).map(|symbol| (symbol, code.clone()))).collect()
}
