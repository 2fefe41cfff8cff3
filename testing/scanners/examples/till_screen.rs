//! What a shopper holds up at a till: the live screen of a command, once it shows a whole code, as a PNG for a camera.
//!
//! The tests of the till page run it (`cargo xtask test till`), with columns, lines, the file for the picture, the program
//! and what it is answered.

use std::{error::Error, fs, path::Path};

use tegata_scanners::{Program, Session, Theme, png_of_svg, svg_of_screen};

/// Pixels of a PNG for each unit of its SVG: as sharp as a phone's screen.
const SCALE: f32 = 2.0;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [columns, lines, picture, program, result @ ..] = arguments.as_slice() else {
        return Err(
            "give columns, lines, the file for the picture, the program, its arguments".into()
        );
    };
    let result: Vec<&str> = result.iter().map(String::as_str).collect();
    let path = Path::new(program);
    let folder = Path::new(".");
    let program = Program { path, arguments: &result, environment: &[], folder };
    let mut session = Session::start(&program, columns.parse()?, lines.parse()?)?;
    let screen = session.wait_for("a code", |screen| {
        screen.contents().contains(" s to the next code").then(|| screen.clone())
    })?;
    fs::write(picture, png_of_svg(&svg_of_screen(&screen, Theme::Dark), SCALE)?)?;
    // It keeps in the wallet which codes were shown: ended as a person ends it.
    session.press("q")?;
    session.wait_for_end()?;
    Ok(())
}
