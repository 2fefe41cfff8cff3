//! The fuzz targets of `cargo xtask fuzz`, which the tests run with the seeds: each function takes input from outside
//! and asserts what must hold of it. In no build but tests and those of cargo-fuzz, which sets `cfg(fuzzing)`.

mod moved;
mod otpauth;
mod payment_code;
mod till_card;

pub use self::moved::moved;
pub use self::otpauth::otpauth;
pub use self::payment_code::payment_code;
pub use self::till_card::till_card;
pub use crate::vault::fuzz::{keystore_file, kinds, sealed_record, vault_file, vault_row};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    type Target = fn(&[u8]);

    const TARGETS: [(&str, Target); 9] = [
        ("keystore_file", keystore_file),
        ("kinds", kinds),
        ("moved", moved),
        ("otpauth", otpauth),
        ("payment_code", payment_code),
        ("sealed_record", sealed_record),
        ("till_card", till_card),
        ("vault_file", vault_file),
        ("vault_row", vault_row),
    ];

    #[test]
    fn fuzz_seeds_pass() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testing/fuzz/seeds");
        let entries = fs::read_dir(&seeds).unwrap();
        let folders: BTreeSet<_> = entries.map(|it| it.unwrap().file_name()).collect();
        assert_eq!(folders, TARGETS.map(|(name, _)| name.into()).into());
        for (name, target) in TARGETS {
            let files: Vec<_> = fs::read_dir(seeds.join(name)).unwrap().collect();
            assert!(!files.is_empty(), "{name} has no seeds");
            for file in files {
                let path = file.unwrap().path();
                // Captured unless this fails: then it names the file.
                println!("{}", path.display());
                target(&fs::read(path).unwrap());
            }
        }
    }
}
