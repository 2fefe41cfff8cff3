//! From one format to the next: forward only, in one transaction, when a vault is opened.

use super::error::VaultError;
use super::format;
use super::store::Vault;
use super::transaction::Transaction;

/// Brings what a vault holds from one format to the next.
pub(super) type Step = fn(&mut Transaction<'_>) -> Result<(), VaultError>;

/// The steps, one for each format but the first, in order: the first of these leads from format 1 to format 2.
pub(super) const STEPS: &[Step] = &[];

const _: () = assert!(newest(STEPS) == format::NEWEST, "each format but the first has a step");

/// The format that these steps lead to.
#[expect(clippy::cast_possible_truncation, reason = "there will be no 2^32 formats")]
pub(super) const fn newest(steps: &[Step]) -> u32 {
    1 + steps.len() as u32
}

impl Vault {
    /// Does the steps that this vault has not seen, all of them or none.
    pub(super) fn migrate(&mut self, steps: &[Step]) -> Result<(), VaultError> {
        let done = self.manifest.format as usize - 1;
        let newest = newest(steps);
        if self.manifest.format == newest {
            return Ok(());
        }
        self.transaction(|transaction| {
            for step in steps.iter().skip(done) {
                step(transaction)?;
            }
            transaction.set_format(newest)
        })
    }
}

impl Transaction<'_> {
    fn set_format(&mut self, format: u32) -> Result<(), VaultError> {
        self.manifest.format = format;
        let row = "UPDATE meta SET value = ?1 WHERE name = 'format'";
        self.write(row, [format.to_be_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::super::{Argon2Params, Setting, SoftwareKeystore};
    use super::*;
    use crate::{Device, Random, SystemClock, SystemRandom};

    fn device(folder: &Path) -> Device {
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        let file = folder.join("keystore");
        let created = SoftwareKeystore::create(&file, b"p", cheap, random.clone()).unwrap();
        let keystore = Arc::new(created);
        let clock = Arc::new(SystemClock);
        Device { keystore, anchor: None, clock, random }
    }

    /// Made-up steps: there is no second format yet.
    fn rename(transaction: &mut Transaction<'_>) -> Result<(), VaultError> {
        for (id, setting) in transaction.list::<Setting>()? {
            transaction.put(&id, &Setting { name: format!("{}!", setting.name), ..setting })?;
        }
        Ok(())
    }

    fn fail(transaction: &mut Transaction<'_>) -> Result<(), VaultError> {
        rename(transaction)?;
        Err(VaultError::TooLarge)
    }

    #[test]
    fn migration_steps_run_once_and_all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let device = device(folder.path());
        let mut vault = Vault::create(&path, &device).unwrap();
        let setting = |name: &str| Setting { name: name.into(), value: "1".into() };
        vault.add(&setting("a")).unwrap();
        vault.close().unwrap();
        let open = |steps: &[Step]| {
            let vault = Vault::open_with(&path, &device, steps)?;
            let names = vault.list::<Setting>()?.into_iter().map(|(_, it)| it.name).collect();
            vault.close()?;
            Ok::<String, VaultError>(names)
        };

        assert_eq!(open(&[rename, fail]), Err(VaultError::TooLarge));
        assert_eq!(open(&[]), Ok("a".into()));
        assert_eq!(open(&[rename]), Ok("a!".into()));
        assert_eq!(open(&[rename]), Ok("a!".into()));
        // A version that does not know the second format leaves it alone.
        let before = std::fs::read(&path).unwrap();
        assert_eq!(open(&[]), Err(VaultError::NewerFormat));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        // One that knows a fourth does the steps that are left.
        assert_eq!(open(&[fail, rename, rename]), Ok("a!!!".into()));
        assert_eq!(open(&[rename]), Err(VaultError::NewerFormat));
        assert_eq!(open(&[fail, fail, fail]), Ok("a!!!".into()));
    }

    #[test]
    fn a_format_that_the_manifest_does_not_name_is_corrupt() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let device = device(folder.path());
        Vault::create(&path, &device).unwrap().close().unwrap();
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute("UPDATE meta SET value = x'00000002' WHERE name = 'format'", []).unwrap();
        file.close().unwrap();
        let opened = Vault::open_with(&path, &device, &[rename]).map(drop);
        assert_eq!(opened, Err(VaultError::Corrupt));
    }
}
