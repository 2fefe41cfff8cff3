//! `tegata symbol`: draws any text as a symbol, into a file or the terminal.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use tegata::symbol::{ModuleSize, QrLevel, Symbol};
use tegata::vault::PassFormat;

use crate::failure::Failure;
use crate::output::{BAR_LINES, Output};

#[derive(Debug, Args)]
#[command(
    after_help = "Example: tegata symbol 496048106234018200000042 --format code128 --out code.svg"
)]
pub(crate) struct Command {
    /// The text of the symbol.
    text: String,
    /// The kind of symbol.
    #[arg(long)]
    format: Format,
    /// Error correction level of a QR code. Default: the highest that needs no larger symbol.
    #[arg(long)]
    level: Option<Level>,
    /// Pixels per module in a PNG, 1 to 64.
    #[arg(long, value_name = "PX", default_value = "4", value_parser = module)]
    module: ModuleSize,
    /// Output: a file that ends in .svg or .png, or - for the terminal.
    #[arg(long, value_name = "FILE", value_parser = target)]
    out: Target,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Qr,
    Code128,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Level {
    L,
    M,
    Q,
    H,
}

#[derive(Clone, Debug)]
enum Target {
    Terminal,
    Svg(PathBuf),
    Png(PathBuf),
}

fn module(text: &str) -> Result<ModuleSize, String> {
    let pixels = text.parse().map_err(|_| "not a number of pixels".to_owned())?;
    ModuleSize::new(pixels).map_err(|e| e.to_string())
}

fn target(text: &str) -> Result<Target, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|end| end.to_str()) {
        _ if text == "-" => Ok(Target::Terminal),
        Some("svg") => Ok(Target::Svg(path)),
        Some("png") => Ok(Target::Png(path)),
        _ => Err("a file must end in .svg or .png; - is the terminal".to_owned()),
    }
}

pub(crate) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    let drawn = match (command.format, command.level) {
        (Format::Qr, None) => Symbol::qr(&command.text),
        (Format::Qr, Some(level)) => Symbol::qr_at(&command.text, level.into()),
        (Format::Code128, None) => Symbol::code128(&command.text),
        (Format::Code128, Some(_)) => {
            return Err(Failure::Usage("--level applies only to QR codes".to_owned()));
        }
    };
    let symbol = drawn.map_err(|e| Failure::cannot("draw this")(&e))?;
    match &command.out {
        Target::Terminal => {
            let lines = symbol.terminal_lines(BAR_LINES);
            output.print_drawing(["", &output.draw(&symbol), ""], &json!({ "lines": lines }))
        }
        Target::Svg(path) => write(path, symbol.svg().as_bytes(), &symbol, output),
        Target::Png(path) => {
            let mut png = Vec::new();
            symbol
                .write_png(&mut png, command.module)
                .map_err(|e| Failure::cannot("draw this")(&e))?;
            write(path, &png, &symbol, output)
        }
    }
}

fn write(path: &Path, bytes: &[u8], symbol: &Symbol, output: &Output) -> Result<(), Failure> {
    let path_shown = path.display();
    std::fs::write(path, bytes)
        .map_err(|e| Failure::Failed(format!("cannot write {path_shown}: {e}")))?;
    let (width, height) = symbol.drawn_size();
    output.print(
        &format!("{path_shown}: {} of {width} x {height} modules", symbol.format()),
        &json!({
            "file": path_shown.to_string(), "format": symbol.format().to_string(),
            "width": width, "height": height,
        }),
    )
}

impl From<Level> for QrLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::L => Self::L,
            Level::M => Self::M,
            Level::Q => Self::Q,
            Level::H => Self::H,
        }
    }
}

impl From<Format> for PassFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Qr => Self::Qr,
            Format::Code128 => Self::Code128,
        }
    }
}
