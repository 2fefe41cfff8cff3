//! Where each scanner gives up: for each symbol, module size and kind of wear the greatest strength at which all of a
//! hundred random payment codes are still read, and the greatest at which half of them are. README.md has the table.
//!
//! `cargo run -p tegata-scanners --example reading_limits`

use std::error::Error;

use tegata::symbol::{ModuleSize, PaymentSymbols, Symbol};
use tegata_scanners::{Picture, Reading, ScanResult, read};

const SEED: u64 = 1;

/// A kind of wear, and its strengths from weak to strong.
struct Wear {
    name: &'static str,
    strengths: &'static [f32],
    apply: fn(&Picture, f32, u64) -> Picture,
}

const WEARS: [Wear; 3] = [
    Wear {
        name: "noise, standard deviation in grey levels of 255",
        strengths: &[
            0., 2., 5., 10., 15., 20., 30., 40., 50., 60., 70., 80., 90., 100., 120., 140., 160.,
        ],
        apply: |picture, strength, seed| picture.noisy(strength, seed),
    },
    Wear {
        name: "blur, standard deviation in modules",
        strengths: &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4],
        // the strength arrives in pixels
        apply: |picture, strength, _| picture.blurred(strength),
    },
    Wear {
        name: "rotation in degrees",
        strengths: &[0., 0.5, 1., 2., 3., 4., 5., 6., 8., 10., 12., 15., 20., 30., 45.],
        apply: |picture, strength, _| picture.rotated(strength),
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let codes: Vec<String> =
        (0..100).map(|_| (0..24).map(|_| random.digit(10)).collect()).collect();
    for wear in &WEARS {
        println!("\n{}: all read / half read", wear.name);
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
    // for each scanner, all and half; none at all is a dash
    let mut limits = [[Limit::default(); 2]; 2];
    for &strength in wear.strengths {
        let in_pixels = if in_modules { strength * f32::from(scale) } else { strength };
        let worn: Vec<Picture> = (pictures.iter().zip(0..))
            .map(|(picture, seed)| (wear.apply)(picture, in_pixels, seed))
            .collect();
        let results = read(&worn)?;
        let read_by = |pick: fn(&ScanResult) -> &[Reading]| {
            let pairs = results.iter().zip(codes);
            pairs.filter(|(results, code)| pick(results).iter().any(|it| it.text == **code)).count()
        };
        let counts = [read_by(|results| &results.zbar), read_by(|results| &results.zxing)];
        for (limits, count) in limits.iter_mut().zip(counts) {
            limits[0].note(count == codes.len(), strength);
            limits[1].note(count >= codes.len() / 2, strength);
        }
    }
    let shown = |limit: Limit| limit.reached.map_or("-".to_owned(), |reached| reached.to_string());
    Ok(limits.map(|[all, half]| format!("{:>4} / {:<4}", shown(all), shown(half))))
}

/// The greatest strength before the first that was too much.
#[derive(Clone, Copy, Default)]
struct Limit {
    reached: Option<f32>,
    over: bool,
}

impl Limit {
    fn note(&mut self, good: bool, strength: f32) {
        self.over |= !good;
        if !self.over {
            self.reached = Some(strength);
        }
    }
}

fn draw(code: &str, linear: bool, scale: u8) -> Result<Picture, Box<dyn Error>> {
    let symbols = PaymentSymbols::new(code.as_bytes().try_into()?)?;
    let symbol: Symbol = if linear { symbols.code128 } else { symbols.qr };
    let mut file = vec![];
    symbol.write_png(&mut file, ModuleSize::new(scale.into())?)?;
    Ok(Picture::from_png(&file)?)
}
