//! Holds the page's colours to what people can read: a contrast of 4.5 (WCAG 2.2, 1.4.3) for text, 3 (1.4.11) for what
//! has to be seen.

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../../till/till.css");

/// Text and what it stands on.
const TEXT: &[(&str, &str)] = &[
    ("ink", "paper"),
    ("ink", "sheet"),
    ("ink", "press"),
    ("ink", "line"),
    ("ink", "warn"),
    ("soft", "paper"),
    ("soft", "sheet"),
    ("soft", "press"),
    ("ink", "field"),
    ("error", "sheet"),
    ("error", "paper"),
    ("sheet", "ink"),
    ("on-accent", "accent"),
    ("on-accent", "ink"),
    ("on-good", "good"),
    ("on-bad", "bad"),
    ("on-wait", "wait"),
    ("on-quiet", "quiet"),
    ("on-night", "night"),
];

/// What is not text: the focus, the edge of a field.
const SEEN: &[(&str, &str)] = &[
    ("accent", "paper"),
    ("accent", "sheet"),
    ("soft", "sheet"),
    ("error", "field"),
    ("soft", "field"),
];

/// Where the dark scheme begins, up to the first line that closes it.
const DARK: &str = "@media (prefers-color-scheme: dark) {";

fn colours(style: &'static str) -> BTreeMap<&'static str, [u8; 3]> {
    let lines = style.lines().filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';'));
    let named = lines.filter_map(|line| line.split_once(": #"));
    named
        .map(|(name, digits)| {
            let bytes = hex::decode(digits).unwrap();
            (name, bytes.try_into().unwrap())
        })
        .collect()
}

/// Relative luminance (WCAG 2.2, terms).
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|byte| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let one = luminance(one);
    let other = luminance(other);
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn black_on_white_is_twenty_one_and_a_known_grey_just_passes() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
    assert!(contrast([0x76; 3], [255; 3]) > 4.5 && contrast([0x77; 3], [255; 3]) < 4.5);
}

#[test]
fn all_text_can_be_read_and_the_focus_seen() {
    let (light, rest) = STYLE.split_once(DARK).unwrap();
    let (dark, rest) = rest.split_once("\n}\n").unwrap();
    assert!(colours(rest).is_empty(), "a colour that neither scheme holds");
    let light = colours(light);
    let mut both = light.clone();
    both.extend(colours(dark));
    assert!(both["paper"] != light["paper"] && both.len() == light.len());
    for (scheme, colours) in [("light", light), ("dark", both)] {
        let pairs = TEXT.iter().map(|pair| (pair, 4.5)).chain(SEEN.iter().map(|pair| (pair, 3.0)));
        for ((front, back), least) in pairs {
            let is = contrast(colours[front], colours[back]);
            assert!(is >= least, "{scheme}: {front} on {back}: {is:.2}");
        }
    }
}
