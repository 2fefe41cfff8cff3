//! The sealed rows of the file: read one, read all, and check all of them against the manifest.

use ring::hmac;
use rusqlite::Connection;
use zeroize::Zeroizing;

use super::database;
use super::error::VaultError;
use super::ids::RecordId;
use super::keys::Keyring;
use super::kinds::{self, RecordKind};
use super::manifest::{self, Manifest};
use super::record::{self, SealedRecord};
use crate::Random;

pub(super) fn get<T: RecordKind>(
    connection: &Connection,
    keys: &Keyring,
    id: &RecordId,
) -> Result<Option<T>, VaultError> {
    let Some(data) = read_data(connection, keys, id)? else { return Ok(None) };
    kinds::decode(&data)?.map(Some).ok_or(VaultError::WrongKind)
}

/// Reads the data of a record, whatever its kind.
pub(super) fn read_data(
    connection: &Connection,
    keys: &Keyring,
    id: &RecordId,
) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    find(connection, id, |rev, sealed| sealed.open(keys, id, rev))
}

pub(super) fn list<T: RecordKind>(
    connection: &Connection,
    keys: &Keyring,
) -> Result<Vec<(RecordId, T)>, VaultError> {
    let mut found = Vec::new();
    each_record(connection, |id, rev, sealed| {
        if id != RecordId::MANIFEST
            && let Some(item) = kinds::decode(&sealed.open(keys, &id, rev)?)?
        {
            found.push((id, item));
        }
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn seal_manifest(
    keys: &Keyring,
    manifest: &Manifest,
    random: &dyn Random,
) -> Result<Vec<u8>, VaultError> {
    record::seal(keys, &RecordId::MANIFEST, manifest.epoch, &manifest.encode()?, random)
}

/// Reads the manifest, then checks all rows against it in one pass.
pub(super) fn check_records(
    connection: &Connection,
    format: u32,
    keys: &Keyring,
    manifest_key: &hmac::Key,
) -> Result<Manifest, VaultError> {
    let mut expected = None;
    let generations = keys.generations();
    let mut seen = Manifest { format, epoch: 0, records: 0, generations, xor: [0; 32] };
    let mut last = RecordId::MANIFEST;
    each_record(connection, |id, rev, sealed| {
        if expected.is_none() {
            // The id of the manifest is the lowest there is, so it comes first or is missing.
            if id != RecordId::MANIFEST {
                return Err(VaultError::Corrupt);
            }
            expected = Some(Manifest::decode(&sealed.open(keys, &id, rev)?)?);
            seen.epoch = rev;
            return Ok(());
        }
        // Twice the same row would cancel itself out in the XOR.
        if id <= last || keys.find(sealed.generation).is_none() {
            return Err(VaultError::Corrupt);
        }
        last = id;
        seen.records += 1;
        seen.toggle(&manifest::entry(manifest_key, &id, rev, &sealed));
        Ok(())
    })?;
    expected.filter(|manifest| *manifest == seen).ok_or(VaultError::Corrupt)
}

/// Reads one row, if it exists.
pub(super) fn find<T>(
    connection: &Connection,
    id: &RecordId,
    read: impl FnOnce(u64, SealedRecord<'_>) -> Result<T, VaultError>,
) -> Result<Option<T>, VaultError> {
    let mut row = connection.prepare_cached("SELECT rev, sealed FROM record WHERE id = ?1")?;
    let mut rows = row.query([id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let sealed = SealedRecord::parse(database::blob(row, 1)?).ok_or(VaultError::Corrupt)?;
    read(database::revision(row, 0)?, sealed).map(Some)
}

/// Reads all rows by ascending id, the manifest's first.
pub(super) fn each_record(
    connection: &Connection,
    mut read: impl FnMut(RecordId, u64, SealedRecord<'_>) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let mut all = connection.prepare_cached("SELECT id, rev, sealed FROM record ORDER BY id")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let id = RecordId::from_row(database::blob(row, 0)?).ok_or(VaultError::Corrupt)?;
        let sealed = SealedRecord::parse(database::blob(row, 2)?).ok_or(VaultError::Corrupt)?;
        read(id, database::revision(row, 1)?, sealed)?;
    }
    Ok(())
}
