//! `ZBar`, by its program `zbarimg`.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::Path,
    process::Command,
};

use roxmltree::{Document, Node};

use crate::{Kind, Picture, Reading, ScannerError};

/// Pictures for one run of the program: starting it then costs nothing that counts, and the files of a run stay
/// within what a command line takes.
pub(crate) const MOST_AT_ONCE: usize = 250;

/// No symbol in one of the pictures: not a failure of the program.
const NOTHING_FOUND: i32 = 4;

/// What it says of each picture.
pub(crate) fn read(pictures: &[Picture]) -> Result<Vec<Vec<Reading>>, ScannerError> {
    let folder = tempfile::tempdir()?;
    let mut program = Command::new("zbarimg");
    program.current_dir(&folder).args(["--quiet", "--nodbus", "--xml"]);
    for (number, picture) in pictures.iter().enumerate() {
        let name = format!("{number}.pgm");
        write_pgm(&folder.path().join(&name), picture)?;
        program.arg(name);
    }
    let output = program.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => ScannerError::NoZbar,
        _ => ScannerError::Io(error),
    })?;
    if !output.status.success() && output.status.code() != Some(NOTHING_FOUND) {
        return Err(ScannerError::Zbar(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let mut readings = vec![vec![]; pictures.len()];
    if !output.stdout.is_empty() {
        collect(&String::from_utf8_lossy(&output.stdout), &mut readings)?;
    }
    Ok(readings)
}

/// The plainest of picture files: a header of three numbers, then the pixels.
fn write_pgm(path: &Path, picture: &Picture) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    write!(file, "P5\n{} {}\n255\n", picture.width(), picture.height())?;
    file.write_all(picture.luma())
}

/// `<source href="NUMBER.pgm"> … <symbol type="…"> … <data>TEXT</data>`
fn collect(xml: &str, readings: &mut [Vec<Reading>]) -> Result<(), ScannerError> {
    let document = Document::parse(xml).map_err(|error| ScannerError::Zbar(error.to_string()))?;
    for source in document.descendants().filter(|node| node.has_tag_name("source")) {
        let number = source.attribute("href").and_then(|name| name.strip_suffix(".pgm")?.parse().ok());
        let Some(found) = number.and_then(|number: usize| readings.get_mut(number)) else {
            return Err(ScannerError::Zbar("it names a picture that it was not given".to_owned()));
        };
        for symbol in source.descendants().filter(|node| node.has_tag_name("symbol")) {
            found.push(reading(symbol)?);
        }
    }
    Ok(())
}

fn reading(symbol: Node<'_, '_>) -> Result<Reading, ScannerError> {
    let kind = match symbol.attribute("type") {
        Some("QR-Code") => Kind::Qr,
        Some("CODE-128") => Kind::Code128,
        other => Kind::Other(other.unwrap_or_default().to_owned()),
    };
    let data = symbol.children().find(|node| node.has_tag_name("data"));
    let text = data.and_then(|data| data.text()).unwrap_or_default();
    let text = match data.and_then(|data| data.attribute("format")) {
        Some("base64") => from_base64(text)?,
        _ => text.to_owned(),
    };
    Ok(Reading { kind, text })
}

/// How it gives text that XML cannot hold.
fn from_base64(text: &str) -> Result<String, ScannerError> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let packed: String = text.split_whitespace().collect();
    let bytes = BASE64_STANDARD.decode(packed).map_err(|error| ScannerError::Zbar(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
