//! Holds pictures that others took of payment codes to what is in them: beside each `NAME.png` of the folder stands
//! `NAME.digits`, and both scanners have to read just these from the bars and from the matrix.
//!
//! `cargo run -p tegata-scanners --example verify_pictures FOLDER`

use std::{error::Error, fs, path::PathBuf};

use tegata_scanners::{Picture, Reading, Symbology, read};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of pictures")?;
    let entries = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<Result<Vec<PathBuf>, std::io::Error>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "png"));
    paths.sort();
    let pictures = paths.iter().map(|path| Ok(Picture::from_png(&fs::read(path)?)?));
    let pictures = pictures.collect::<Result<Vec<Picture>, Box<dyn Error>>>()?;
    let mut unread = 0;
    for (path, results) in paths.iter().zip(read(&pictures)?) {
        let digits = fs::read_to_string(path.with_extension("digits"))?;
        let zbar = finds(&results.zbar, &digits);
        let zxing = finds(&results.zxing, &digits);
        if !(zbar && zxing) {
            unread += 1;
            let name = path.display();
            eprintln!("{name}: read whole by ZBar: {zbar}, by zxing-cpp: {zxing}");
        }
    }
    if paths.is_empty() || unread > 0 {
        return Err(format!("{unread} of {} pictures were not read", paths.len()).into());
    }
    println!("{} pictures, each read by ZBar and by zxing-cpp", paths.len());
    Ok(())
}

/// Both symbols, and nothing else.
fn finds(results: &[Reading], digits: &str) -> bool {
    let has = |kind| results.iter().any(|one| one.symbology == kind && one.text == digits);
    results.len() == 2 && has(Symbology::Code128) && has(Symbology::Qr)
}
