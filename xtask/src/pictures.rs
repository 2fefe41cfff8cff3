//! Screenshots of terminal, till page and Android view: into target/pictures, and on request into docs/pictures.

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    android,
    progress::step,
    setup::{self, CMAKE, CXX, FONT, ZBAR},
    till_page, workspace,
};

/// The pictures in README. Each run shows other codes, so they are replaced on request only.
const SHOWN: &[&str] = &["terminal.svg"];
const DOCS: &str = "docs/pictures";

pub(crate) fn run(shell: &Shell, readme: bool) -> anyhow::Result<()> {
    setup::install(shell, &[CMAKE, CXX, FONT, ZBAR])?;
    setup::install(shell, android::NEEDS)?;
    let target = workspace::target(shell)?;
    let folder = target.join("pictures");
    step("building tegata and the program that takes its pictures");
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    let example = "build --quiet -p tegata-scanners --features letters --example pictures";
    cmd!(shell, "cargo").args(example.split(' ')).run()?;
    step(&format!("taking pictures into {}", folder.display()));
    let built = target.join("debug");
    let pictures = built.join("examples").join("pictures");
    let tegata = built.join("tegata");
    cmd!(shell, "{pictures} {tegata} {folder}").quiet().run()?;
    till_page::pictures(shell, &folder)?;
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
