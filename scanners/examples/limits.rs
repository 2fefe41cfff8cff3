//! Where each scanner gives up: for each symbol, module size and kind of wear the greatest strength at which all of a
//! hundred random payment codes are still read, and the first at which one is not. README.md has the table.
//!
//! `cargo run -p tegata-scanners --example limits`

use std::error::Error;

use tegata::symbol::{ModuleSize, PaymentSymbols, Symbol};
use tegata_scanners::{Picture, read};

const SEED: u64 = 1;

/// A kind of wear, and its strengths from weak to strong.
struct Wear {
    name: &'static str,
    strengths: &'static [f32],
    wear: fn(&Picture, f32, u64) -> Picture,
}

const WEARS: [Wear; 3] = [
    Wear {
        name: "noise, standard deviation in grey levels of 255",
        strengths: &[10., 20., 30., 40., 50., 60., 70., 80., 90., 100., 120., 140., 160.],
        wear: |picture, strength, seed| picture.noisy(strength, seed),
    },
    Wear {
        name: "blur, standard deviation in modules",
        strengths: &[0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4],
        // the strength arrives in pixels
        wear: |picture, strength, _| picture.blurred(strength),
    },
    Wear {
        name: "rotation in degrees",
        strengths: &[1., 2., 3., 4., 5., 6., 8., 10., 12., 15., 20., 30., 45.],
        wear: |picture, strength, _| picture.rotated(strength),
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let codes: Vec<String> =
        (0..100).map(|_| (0..24).map(|_| random.digit(10)).collect()).collect();
    for wear in &WEARS {
        println!("\n{}: all read at / one lost at", wear.name);
        println!("symbol    px  ZBar           zxing-cpp");
        for linear in [false, true] {
            for scale in [1, 2, 3, 4] {
                let [zbar, zxing] = limits(wear, &codes, linear, scale)?;
                let name = if linear { "Code 128" } else { "QR code" };
                println!("{name:8} {scale:3}  {zbar:14} {zxing}");
            }
        }
    }
    Ok(())
}

fn limits(
    wear: &Wear,
    codes: &[String],
    linear: bool,
    scale: u8,
) -> Result<[String; 2], Box<dyn Error>> {
    let in_modules = wear.name.contains("modules");
    let pictures: Vec<Picture> =
        codes.iter().map(|code| draw(code, linear, scale)).collect::<Result<_, _>>()?;
    let mut limits = [(0.0, None), (0.0, None)];
    for &strength in wear.strengths {
        let in_pixels = if in_modules { strength * f32::from(scale) } else { strength };
        let worn: Vec<Picture> =
            pictures.iter().zip(0..).map(|(picture, seed)| (wear.wear)(picture, in_pixels, seed)).collect();
        let said = read(&worn)?;
        for (scanner, limit) in limits.iter_mut().enumerate() {
            let all = said.iter().zip(codes).all(|(said, code)| {
                let readings = if scanner == 0 { &said.zbar } else { &said.zxing };
                readings.iter().any(|reading| reading.text == *code)
            });
            match (all, limit.1) {
                (true, None) => limit.0 = strength,
                (false, None) => limit.1 = Some(strength),
                _ => {}
            }
        }
        if limits.iter().all(|limit| limit.1.is_some()) {
            break;
        }
    }
    Ok(limits.map(|(all, lost)| match lost {
        Some(lost) => format!("{all} / {lost}"),
        None => format!("{all} / -"),
    }))
}

fn draw(code: &str, linear: bool, scale: u8) -> Result<Picture, Box<dyn Error>> {
    let symbols = PaymentSymbols::new(code.as_bytes().try_into()?)?;
    let symbol: Symbol = if linear { symbols.code128 } else { symbols.qr };
    let mut file = vec![];
    symbol.write_png(&mut file, ModuleSize::new(scale.into())?)?;
    Ok(Picture::from_png(&file)?)
}
