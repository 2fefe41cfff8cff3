//! `ZBar`, by its program `zbarimg`.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::Path,
    process::Command,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use roxmltree::{Document, Node};
use tempfile::TempDir;

use crate::error::ScannerError;
use crate::picture::Picture;
use crate::reading::{Reading, Symbology};

/// Pictures for one run of the program: starting it then costs nothing that counts, and the files of a run stay
/// within what a command line takes.
pub(crate) const MOST_AT_ONCE: usize = 250;

/// No symbol in one of the pictures: not a failure of the program.
const NOTHING_FOUND: i32 = 4;

/// XML turns a carriage return into a line feed; this one is private and comes back as it was.
const CARRIAGE_RETURN: &str = "\u{e00d}";

/// Reads each picture.
pub(crate) fn read(pictures: &[Picture]) -> Result<Vec<Vec<Reading>>, ScannerError> {
    let folder = tempfile::tempdir()?;
    let names: Vec<_> = (0..pictures.len()).map(|number| format!("{number}.pgm")).collect();
    for (name, picture) in names.iter().zip(pictures) {
        write_pgm(&folder.path().join(name), picture)?;
    }
    let mut readings = vec![vec![]; pictures.len()];
    let xml = run(&folder, &["--xml"], &names)?;
    if !xml.is_empty() {
        let xml = String::from_utf8_lossy(&xml).replace('\r', CARRIAGE_RETURN);
        let document = Document::parse(&xml).map_err(unclear)?;
        for source in document.descendants().filter(|node| node.has_tag_name("source")) {
            let name = source.attribute("href").unwrap_or_default();
            let number = names.iter().position(|it| it == name);
            let number =
                number.ok_or_else(|| unclear("it names a picture that it was not given"))?;
            for symbol in source.descendants().filter(|node| node.has_tag_name("symbol")) {
                readings[number].push(reading(symbol, &folder, name)?);
            }
        }
    }
    Ok(readings)
}

/// The plainest of picture files: a header of three numbers, then the pixels.
fn write_pgm(path: &Path, picture: &Picture) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    write!(file, "P5\n{} {}\n255\n", picture.width(), picture.height())?;
    file.write_all(picture.luma())
}

fn run(folder: &TempDir, options: &[&str], names: &[String]) -> Result<Vec<u8>, ScannerError> {
    let mut program = Command::new("zbarimg");
    program.current_dir(folder).args(["--quiet", "--nodbus"]).args(options).args(names);
    let output = program.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => ScannerError::NoZbar,
        _ => ScannerError::Io(error),
    })?;
    if output.status.success() || output.status.code() == Some(NOTHING_FOUND) {
        Ok(output.stdout)
    } else {
        Err(unclear(String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// `<symbol type="…"> … <data>TEXT</data>`
fn reading(symbol: Node<'_, '_>, folder: &TempDir, name: &str) -> Result<Reading, ScannerError> {
    let kind = match symbol.attribute("type") {
        Some("QR-Code") => Symbology::Qr,
        Some("CODE-128") => Symbology::Code128,
        other => Symbology::Other(other.unwrap_or_default().to_owned()),
    };
    let data = symbol.children().find(|node| node.has_tag_name("data"));
    let text = data.and_then(|data| data.text()).unwrap_or_default();
    let packed = data.and_then(|data| data.attribute("format")) == Some("base64");
    let text =
        if packed { unpack(text, folder, name)? } else { text.replace(CARRIAGE_RETURN, "\r") };
    Ok(Reading { symbology: kind, text })
}

/// Text that XML cannot hold comes as Base64. Its encoder is wrong for bytes above 127 (it takes them for negative
/// numbers), and then the picture is shown once more on its own, to be read without XML.
fn unpack(text: &str, folder: &TempDir, name: &str) -> Result<String, ScannerError> {
    let packed: String = text.split(|it: char| it.is_whitespace() || it == '\u{e00d}').collect();
    let mut bytes = BASE64_STANDARD.decode(packed).map_err(unclear)?;
    if !bytes.is_ascii() {
        bytes = run(folder, &["--raw", "--oneshot"], &[name.to_owned()])?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "takes errors as map_err hands them over")]
fn unclear(reason: impl ToString) -> ScannerError {
    ScannerError::Zbar(reason.to_string())
}
