//! Writes until it is killed, and prints what it has written: the program that tests/kill.rs kills.
//!
//! `crash-writer write FOLDER` continues with the wallet there; `crash-writer create FOLDER` creates one after the
//! other. Prints `ready` before it begins, then the number of each operation once the core has returned from it.

use std::env;
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use tegata::vault::{FileAnchor, Setting, SoftwareKeystore, Vault};
use tegata::{Device, SystemClock, SystemRandom};

fn main() -> Result<(), Box<dyn Error>> {
    let [what, folder] = <[String; 2]>::try_from(env::args().skip(1).collect::<Vec<_>>())
        .map_err(|_| "usage: crash-writer write|create FOLDER")?;
    let folder = PathBuf::from(folder);
    let random = Arc::new(SystemRandom::new());
    let keystore = SoftwareKeystore::open(&folder.join("keystore"), b"passphrase", random.clone())?;
    let host =
        Device { keystore: Arc::new(keystore), anchor: None, clock: Arc::new(SystemClock), random };
    let with_anchor = |name: &str| {
        let anchor = FileAnchor::new(&folder.join(format!("{name}.anchor")));
        Device { anchor: Some(Arc::new(anchor)), ..host.clone() }
    };
    print("ready")?;
    if what == "write" {
        let vault = Vault::open(&folder.join("vault"), &with_anchor("vault"))?;
        return write(vault);
    }
    for number in 0_u64.. {
        let name = format!("vault-{number}");
        Vault::create(&folder.join(&name), &with_anchor(&name))?;
        print(number)?;
    }
    Ok(())
}

/// Adds record after record, each named by its number; each fiftieth clears away all before it.
fn write(mut vault: Vault) -> Result<(), Box<dyn Error>> {
    let mut settings = vault.list::<Setting>()?;
    let numbers = settings.iter().filter_map(|(_, setting)| setting.name.parse::<u64>().ok());
    let next = numbers.max().map_or(0, |last| last + 1);
    for number in next.. {
        let length = usize::try_from(number * 97 % 3000)?;
        let name = number.to_string();
        let setting = Setting { value: name.repeat(length / name.len()), name };
        let id = vault.transaction(|tx| {
            if number % 50 == 0 {
                for (id, _) in &settings {
                    tx.delete(id)?;
                }
            }
            tx.add(&setting)
        })?;
        if number % 50 == 0 {
            settings.clear();
        }
        settings.push((id, setting));
        print(number)?;
    }
    Ok(vault.close()?)
}

fn print(what: impl std::fmt::Display) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{what}")?;
    out.flush()
}
