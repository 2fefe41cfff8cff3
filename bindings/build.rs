//! Makes `words.rs` of `words.json`: a `match` that the compiler holds against the states that there are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use serde::Deserialize;

const TABLE: &str = "words.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    english: String,
    japanese: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed={TABLE}");
    let table: BTreeMap<String, Words> = serde_json::from_str(&fs::read_to_string(TABLE)?)?;
    let arms = table.into_iter().map(|(state, Words { english, japanese })| {
        format!("ShopperState::{state} {{ .. }} => [{english:?}, {japanese:?}],")
    });
    let source = format!("match state {{\n{}\n}}\n", arms.collect::<Vec<_>>().join("\n"));
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    Ok(fs::write(folder.join("words.rs"), source)?)
}
