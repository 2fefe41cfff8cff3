//! Pictures of the live screen, as SVG, and as PNG to be looked at.
//!
//! `cargo xtask pictures` runs it: the program `tegata` and the folder for the pictures are its arguments. Each picture
//! is scanned before it is written, so none is published that a till could not read.

use std::{error::Error, fs, path::Path};

use tegata_scanners::{
    Picture, Program, Reading, Screen, Session, Theme, png_of_svg, read_one, svg_of_screen,
};

/// Pixels of a PNG for each unit of its SVG.
const SCALE: f32 = 2.0;

/// A screen worth a picture: its name, its size, the keys that lead there, and what it shows then.
struct Shot {
    name: &'static str,
    columns: u16,
    lines: u16,
    keys: &'static [(&'static str, &'static str)],
}

const PAID: (&str, &str) = ("s", "paid");
const USED: (&str, &str) = ("s", "already used");

const SHOTS: [Shot; 3] = [
    Shot { name: "terminal", columns: 80, lines: 24, keys: &[PAID, USED] },
    Shot { name: "terminal-wide", columns: 120, lines: 36, keys: &[PAID, USED] },
    Shot {
        name: "terminal-one-till",
        columns: 96,
        lines: 24,
        keys: &[("d", "4960"), ("b", "only at shibuya-01"), ("o", "not valid"), PAID],
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(tegata), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("give the program and the folder for its pictures".into());
    };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    for shot in SHOTS {
        let svg = svg_of_screen(&take(&shot, Path::new(&tegata))?, Theme::Dark);
        let results = read_one(&Picture::from_svg(&svg, 1.0)?)?;
        let texts = |readings: &[Reading]| -> Vec<String> {
            readings.iter().map(|it| it.text.clone()).collect()
        };
        let zbar = texts(&results.zbar);
        let zxing = texts(&results.zxing);
        if zbar.is_empty() || zbar.len() != zxing.len() {
            return Err(format!("{} cannot be scanned: {results:?}", shot.name).into());
        }
        fs::write(folder.join(shot.name).with_extension("svg"), &svg)?;
        fs::write(folder.join(shot.name).with_extension("png"), png_of_svg(&svg, SCALE)?)?;
        println!("{}: {} x {} cells, scanned", shot.name, shot.columns, shot.lines);
    }
    Ok(())
}

fn take(shot: &Shot, tegata: &Path) -> Result<Screen, Box<dyn Error>> {
    let folder = Path::new(".");
    let program = Program { path: tegata, arguments: &["demo"], environment: &[], folder };
    let mut session = Session::start(&program, shot.columns, shot.lines)?;
    let shows = |session: &Session, text: &str| {
        session.wait_for(text, |it| it.contents().contains(text).then(|| it.clone()))
    };
    // neither the first second of a code nor one of its last
    let mut screen = session.wait_for("a code half way through", |it| {
        let text = it.contents();
        let (before, _) = text.split_once(" s to the next code")?;
        let left: u8 = before.split_whitespace().last()?.parse().ok()?;
        (15..=24).contains(&left).then(|| it.clone())
    })?;
    for (key, shown) in shot.keys {
        session.press(key)?;
        screen = shows(&session, shown)?;
    }
    Ok(screen)
}
