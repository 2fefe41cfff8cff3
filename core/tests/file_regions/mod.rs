//! What each byte of a vault's file is for, by the layout of the SQLite file format
//! (<https://sqlite.org/fileformat2.html>).
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, each of which uses a part of it"
)]

use std::path::Path;

use rusqlite::types::Value;

const PAGE: usize = 4096;

pub(crate) const UNUSED: &str = "unused space of pages";
const HEADER: &str = "header of the file";
const PAGES: &str = "pages: their headers, lengths, types, the index of `meta`";

/// The region of each byte of a closed vault.
pub(crate) fn of_vault(path: &Path) -> Vec<&'static str> {
    let file = std::fs::read(path).unwrap();
    let mut regions = vec![PAGES; file.len()];
    regions[..100].fill(HEADER);
    for page in 0..file.len() / PAGE {
        mark_unused(&file, page, &mut regions);
    }
    for (name, bytes) in values(path) {
        // A name of `meta` and a table's name stand in the file twice: what counts is the last, in the row.
        let found = (0..=file.len() - bytes.len()).rev().find(|&at| file[at..].starts_with(&bytes));
        let at = found.unwrap_or_else(|| panic!("{name} is not in the file"));
        for (name, length) in parts(name, bytes.len()) {
            let start = at + bytes.len() - length;
            regions[start..at + bytes.len()].fill(name);
        }
    }
    regions
}

/// The gap between a page's list of cells and the first of them, and the blocks that were freed after it, but for the
/// four bytes each begins with. All tables are leaves of one page.
fn mark_unused(file: &[u8], page: usize, regions: &mut [&'static str]) {
    let start = page * PAGE;
    let header = start + if page == 0 { 100 } else { 0 };
    let be16 = |at: usize| usize::from(u16::from_be_bytes([file[at], file[at + 1]]));
    assert!(matches!(file[header], 10 | 13), "page {page} is no leaf");
    let cells = be16(header + 3);
    let first = be16(header + 5);
    regions[header + 8 + 2 * cells..start + first].fill(UNUSED);
    let mut free = be16(header + 1);
    while free != 0 {
        let at = start + free;
        regions[at + 4..at + be16(at + 2)].fill(UNUSED);
        free = be16(at);
    }
}

/// What stands in the rows: a name and the bytes as they are in the file.
fn values(path: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let file = rusqlite::Connection::open(path).unwrap();
    let all = |query: &str| {
        let mut statement = file.prepare(query).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, Value>(0)).unwrap();
        rows.map(|value| match value.unwrap() {
            Value::Text(text) => text.into_bytes(),
            Value::Blob(bytes) => bytes,
            other => panic!("{other:?}"),
        })
        .collect::<Vec<_>>()
    };
    let named = |name, query: &str| all(query).into_iter().map(move |bytes| (name, bytes));
    let schema = named("schema", "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
    let vault_id = named("`meta`: vault id", "SELECT value FROM meta WHERE name = 'vault_id'");
    let format_query = "SELECT CAST(name || value AS BLOB) FROM meta WHERE name = 'format'";
    let format = named("`meta`: format", format_query);
    let dek = named("`dek`: wrapped key", "SELECT wrapped FROM dek");
    let records =
        "SELECT CAST(id || sealed AS BLOB) FROM record WHERE id <> zeroblob(16) AND rev = 1";
    let of_records = named("record", records);
    // A revision above 1 stands between id and sealed bytes; here all are of one byte.
    let records = "SELECT CAST(id || CAST(char(rev) AS BLOB) || sealed AS BLOB) FROM record
        WHERE id <> zeroblob(16) AND rev > 1";
    let with_rev = named("record with rev", records);
    let manifest_query = "SELECT CAST(id || CAST(char(rev) AS BLOB) || sealed AS BLOB) FROM record
        WHERE id = zeroblob(16)";
    let manifest = named("manifest", manifest_query);
    let all = schema.chain(vault_id).chain(format).chain(dek);
    all.chain(of_records).chain(with_rev).chain(manifest).collect()
}

/// The parts of a value, each with the number of bytes from its begin to the value's end.
fn parts(name: &'static str, length: usize) -> Vec<(&'static str, usize)> {
    match name {
        "`meta`: format" => vec![("`meta`: name of the format", 10), (name, 4)],
        "manifest" => {
            vec![("manifest: id", length), ("manifest: epoch", length - 16), (name, length - 17)]
        }
        "record" | "record with rev" => {
            let sealed = length - if name == "record" { 16 } else { 17 };
            vec![
                ("record: id", length),
                ("record: revision", length - 16),
                ("record: version and generation", sealed),
                ("record: salt", sealed - 5),
                ("record: ciphertext", sealed - 21),
                ("record: tag", 16),
            ]
        }
        _ => vec![(name, length)],
    }
}
