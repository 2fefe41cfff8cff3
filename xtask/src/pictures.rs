//! Pictures of what Tegata shows, taken of the real thing: into target/pictures, and on demand into docs/pictures.

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    android,
    setup::{self, CMAKE, CXX, FONT, ZBAR},
    till,
    tree::{self, step},
};

/// What README shows. Each picture holds another code, so these are replaced only when asked for.
const SHOWN: &[&str] = &["terminal.svg"];
const DOCS: &str = "docs/pictures";

pub(crate) fn run(shell: &Shell, readme: bool) -> anyhow::Result<()> {
    setup::install(shell, &[CMAKE, CXX, FONT, ZBAR])?;
    setup::install(shell, android::NEEDS)?;
    let target = tree::target(shell)?;
    let folder = target.join("pictures");
    step("building tegata and what takes its picture");
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    let example = "build --quiet -p tegata-scanners --features letters --example pictures";
    cmd!(shell, "cargo").args(example.split(' ')).run()?;
    step(&format!("taking pictures into {}", folder.display()));
    let built = target.join("debug");
    let (pictures, tegata) = (built.join("examples").join("pictures"), built.join("tegata"));
    cmd!(shell, "{pictures} {tegata} {folder}").quiet().run()?;
    till::pictures(shell, &folder)?;
    android::pictures(shell)?;
    if readme {
        shell.create_dir(DOCS)?;
        for name in SHOWN {
            let copied = shell.copy_file(folder.join(name), DOCS);
            copied.with_context(|| format!("{name} was not taken"))?;
            step(&format!("wrote {DOCS}/{name}"));
        }
    }
    Ok(())
}
