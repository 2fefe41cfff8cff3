//! All that an attacker can do to a vault's file without the device's keystore, and the outcome: a typed error
//! with no byte changed, or the same content as before. The tables in docs/threat-model.md are made here.
//!
//! The vault is the fixture of format 1; the named changes stand in core/fixtures/tampering.json, which the reader in
//! docs/reader is held to as well.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde::Deserialize;
use tegata::code::Audience;
use tegata::vault::{
    AccountRecord, Anchor, AnchorState, FileAnchor, OtpCredential, Pass, Setting, SoftwareKeystore,
    UnlockMethod, Vault, VaultError,
};
use tegata::{Device, NextCode, UnixTime, Wallet};
use tempfile::TempDir;

use crate::file_regions::UNUSED;
use crate::test_vault::{TestAnchor, device, random, setting};

mod document_tables;
mod file_regions;
mod test_vault;

const PASSPHRASE: &[u8] = b"correct horse battery staple";
const PIN: UnlockMethod<'_> = UnlockMethod::Pin(b"2468");
const KEY: UnlockMethod<'_> = UnlockMethod::Key(&[0x4b; 32]);

/// A copy of the fixture, in memory where the system has a place for that.
struct FixtureCopy(TempDir);

impl FixtureCopy {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let copy = Self(folder.unwrap());
        fs::create_dir(copy.at("tampering")).unwrap();
        for name in ["", "tampering"] {
            for file in fs::read_dir(fixtures().join("vault-format-1").join(name)).unwrap() {
                let file = file.unwrap();
                if file.file_type().unwrap().is_file() {
                    fs::copy(file.path(), copy.at(name).join(file.file_name())).unwrap();
                }
            }
        }
        copy
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn keystore(&self) -> Arc<SoftwareKeystore> {
        Arc::new(SoftwareKeystore::open(&self.at("keystore"), PASSPHRASE, random()).unwrap())
    }

    fn anchored(&self) -> AnchorState {
        FileAnchor::new(&self.at("anchor")).load().unwrap().unwrap()
    }

    /// The bytes of all files.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let list = |name| fs::read_dir(self.at(name)).unwrap().map(|file| file.unwrap().path());
        let files = list("").chain(list("tampering")).filter(|path| path.is_file());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The name of an error in the tables.
fn error_name(error: &VaultError) -> &'static str {
    match error {
        VaultError::Corrupt => "damaged",
        VaultError::NewerFormat => "newer",
        VaultError::WrongDevice => "another device",
        VaultError::RolledBack => "rolled back",
        other => panic!("no answer to a changed file: {other:?}"),
    }
}

/// Opens the vault and returns the outcome; asserts that a failure changed no file.
fn opened(copy: &FixtureCopy, device: &Device) -> &'static str {
    let before = copy.files();
    match Vault::open(&copy.at("vault"), device) {
        Ok(vault) => {
            vault.close().unwrap();
            "opens"
        }
        Err(error) => {
            assert!(copy.files() == before, "a file was changed");
            error_name(&error)
        }
    }
}

/// All that a wallet holds and does: its records, what opens its payment lock, and the codes it makes then.
fn content(path: &Path, device: &Device) -> String {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("vault");
    fs::copy(path, &copy).unwrap();
    let clock = Arc::new(|| UnixTime::new(1_800_000_000).unwrap());
    let device = Device { anchor: None, clock, ..device.clone() };

    let vault = Vault::open(&copy, &device).unwrap();
    let mut content = format!("{}\n", hex::encode(vault.id().as_bytes()));
    for (id, otp) in vault.list::<OtpCredential>().unwrap() {
        writeln!(content, "{id:?} {otp:?} {:?}", otp.reveal_secret().expose()).unwrap();
    }
    for (id, account) in vault.list::<AccountRecord>().unwrap() {
        let session = account.session.as_ref().map(|it| it.expose().to_vec());
        writeln!(content, "{id:?} {account:?} {session:?}").unwrap();
    }
    writeln!(content, "{:?}", vault.list::<Pass>()).unwrap();
    writeln!(content, "{:?}", vault.list::<Setting>()).unwrap();
    vault.close().unwrap();
    for with in [PIN, KEY] {
        let mut wallet = Wallet::open(&copy, &device).unwrap();
        writeln!(content, "{:?}", wallet.payments().lock_status()).unwrap();
        let unlock = wallet.payments().unlock(with);
        writeln!(content, "{unlock:?}").unwrap();
        let Ok(unlock) = unlock else { continue };
        for payment in wallet.payments().list().unwrap() {
            writeln!(content, "{payment:?}").unwrap();
            let next = wallet.payments().next_code(&unlock, &payment.id, Audience::AnyTill);
            if let Ok(NextCode::Code(code)) = &next {
                writeln!(content, "{}", code.digits()).unwrap();
            }
        }
    }
    content
}

/// The tampering fixture: named values and changes.
#[derive(Deserialize)]
struct Tampering {
    names: BTreeMap<String, String>,
    changes: Vec<Change>,
}

/// One change, and its expected outcome.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    what: String,
    /// What SQL does to the file.
    sql: Option<String>,
    /// Files that are put in the place of others.
    #[serde(default)]
    put: BTreeMap<String, String>,
    /// The epoch anchored, if not that of the fixture's anchor; 0 if the anchor is lost.
    epoch: Option<u64>,
    /// The outcome without an anchor.
    answer: String,
    /// The outcome with an anchor, if it differs.
    anchored: Option<String>,
    /// The file whose content is read, if it opens.
    #[serde(default = "vault")]
    content: String,
    /// A remark for the table.
    #[serde(default)]
    note: String,
}

fn vault() -> String {
    "vault".into()
}

impl Change {
    fn make(&self, copy: &FixtureCopy, names: &BTreeMap<String, String>) {
        for (to, from) in &self.put {
            fs::copy(copy.at(from), copy.at(to)).unwrap();
        }
        if let Some(sql) = &self.sql {
            let folder = copy.0.path().to_str().unwrap();
            let fill = |sql: String, (name, value): (&String, &String)| {
                sql.replace(&format!("{{{name}}}"), value)
            };
            let sql = names.iter().fold(sql.replace("{folder}", folder), fill);
            let database = Connection::open(copy.at("vault")).unwrap();
            database.execute_batch(&sql).unwrap_or_else(|error| panic!("{}: {error}", self.what));
            database.close().unwrap();
        }
    }
}

#[test]
fn each_tampering_has_the_documented_outcome() {
    let tampering = fs::read_to_string(fixtures().join("tampering.json")).unwrap();
    let Tampering { names, changes } = serde_json::from_str(&tampering).unwrap();
    let mut table =
        "| what was done | without an anchor | with its anchor | |\n|---|---|---|---|\n".to_owned();
    for change in &changes {
        let Change { what, answer, content: whose, note, .. } = change;
        let copy = FixtureCopy::new();
        let before = copy.files();
        let of = content(&copy.at(whose), &device(copy.keystore()));
        change.make(&copy, &names);
        assert!(copy.files() != before || change.epoch.is_some(), "{what}: nothing was changed");

        let device = device(copy.keystore());
        let anchor = Arc::new(TestAnchor::default());
        let anchored = copy.anchored();
        let epoch = change.epoch.unwrap_or(anchored.epoch);
        anchor.put((epoch != 0).then_some(AnchorState { epoch, ..anchored }));
        let with_anchor = change.anchored.as_ref().unwrap_or(answer);
        assert_eq!(
            opened(&copy, &Device { anchor: Some(anchor), ..device.clone() }),
            with_anchor,
            "{what}"
        );
        assert_eq!(opened(&copy, &device), answer, "{what}");
        if answer == "opens" {
            assert_eq!(content(&copy.at("vault"), &device), of, "{what}");
        }
        writeln!(table, "| {what} | {answer} | {with_anchor} | {note} |").unwrap();
    }
    document_tables::assert_table("tampering", &table);
}

/// Every row of every table, and the schema.
fn rows(path: &Path) -> Option<Vec<String>> {
    let file = Connection::open(path).ok()?;
    let mut all = vec![];
    for table in ["sqlite_schema", "meta NOT INDEXED", "dek", "record"] {
        let mut rows = file.prepare(&format!("SELECT * FROM {table}")).ok()?;
        let columns = rows.column_count();
        let mut rows = rows.query([]).ok()?;
        while let Some(row) = rows.next().ok()? {
            let values = (0..columns).map(|at| row.get(at));
            all.push(format!("{:?}", values.collect::<Result<Vec<Value>, _>>().ok()?));
        }
    }
    all.sort();
    Some(all)
}

/// The region of a flipped bit and the outcome, with how often it was seen.
type Counts = BTreeMap<&'static str, BTreeMap<&'static str, u32>>;

/// Flips every bit of `file` in turn, on as many threads as there are cores, and counts the outcomes.
fn each_bit(
    file: &str,
    regions: &[&'static str],
    start: impl Fn() -> FixtureCopy + Sync,
    ask: impl Fn(&FixtureCopy, &Device, &'static str) -> &'static str + Sync,
) -> Counts {
    let threads = std::thread::available_parallelism().unwrap().get();
    let count = |thread: usize| {
        let mut counts = Counts::new();
        let copy = start();
        let before = copy.files();
        let device = device(copy.keystore());
        for at in (thread..regions.len()).step_by(threads) {
            for bit in 0..8 {
                let mut changed = before[&copy.at(file)].clone();
                changed[at] ^= 1 << bit;
                fs::write(copy.at(file), &changed).unwrap();
                let answer = ask(&copy, &device, regions[at]);
                *counts.entry(regions[at]).or_default().entry(answer).or_default() += 1;
            }
        }
        counts
    };
    std::thread::scope(|scope| {
        let count = &count;
        let threads: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || count(thread))).collect();
        let mut all = Counts::new();
        for counts in threads.into_iter().map(|thread| thread.join().unwrap()) {
            for (region, answers) in counts {
                for (answer, count) in answers {
                    *all.entry(region).or_default().entry(answer).or_default() += count;
                }
            }
        }
        all
    })
}

/// The counts as a table with these columns.
fn table(counts: &Counts, columns: &[&str]) -> String {
    let mut table = format!(
        "| bits of | bits | {} |\n|---|{}\n",
        columns.join(" | "),
        "--:|".repeat(columns.len() + 1)
    );
    for (region, answers) in counts {
        let all: u32 = answers.values().sum();
        write!(table, "| {region} | {all} |").unwrap();
        for column in columns {
            write!(table, " {} |", answers.get(column).unwrap_or(&0)).unwrap();
        }
        table.push('\n');
        assert!(answers.keys().all(|answer| columns.contains(answer)), "{region}: {answers:?}");
    }
    table
}

#[test]
fn every_flipped_bit_is_refused_or_changes_nothing() {
    let regions = file_regions::of_vault(&FixtureCopy::new().at("vault"));
    let copy = FixtureCopy::new();
    let whole = rows(&copy.at("vault"));
    let epoch = copy.anchored();
    let settings =
        Vault::open(&copy.at("vault"), &device(copy.keystore())).unwrap().list::<Setting>();
    let counts = each_bit("vault", &regions, FixtureCopy::new, |copy, device, region| {
        let path = copy.at("vault");
        let changed = fs::read(&path).unwrap();
        let anchor = Arc::new(TestAnchor::default());
        anchor.put(Some(epoch));
        let device = Device { anchor: Some(anchor), ..device.clone() };
        let vault = match Vault::open(&path, &device) {
            Ok(vault) => vault,
            Err(error) => {
                assert!(fs::read(&path).unwrap() == changed, "the file was changed");
                return error_name(&error);
            }
        };
        let read = vault.list::<Setting>();
        vault.close().unwrap();
        assert!(fs::read(&path).unwrap() == changed, "the file was changed");
        if read == Err(VaultError::Corrupt) {
            return "damaged at reading";
        }
        assert_eq!(read.as_ref(), settings.as_ref());
        // To open and to list, every row was read and found genuine. Where a bit could do more than that, SQLite shows
        // all rows byte by byte: so the PIN, the key and the codes are what they were, too.
        assert!(region == UNUSED || rows(&path) == whole, "{region}: something else is read");
        "nothing changed"
    });
    let columns = ["damaged", "newer", "another device", "damaged at reading", "nothing changed"];
    document_tables::assert_table("flipped bits", &table(&counts, &columns));
}

/// A vault as a crash leaves it: its last commit stands in the log alone.
fn crashed() -> FixtureCopy {
    let from = FixtureCopy::new();
    let copy = FixtureCopy::new();
    let mut vault = Vault::open(&from.at("vault"), &device(from.keystore())).unwrap();
    vault.add(&setting("last", "1")).unwrap();
    for name in ["vault", "vault-wal"] {
        fs::copy(from.at(name), copy.at(name)).unwrap();
    }
    copy
}

#[test]
fn a_flipped_bit_of_the_log_is_detected_by_the_anchor() {
    let mut regions = vec!["header of the log"; 32];
    regions.extend(["header of the frame"; 24]);
    regions.extend(std::iter::repeat_n("page in the frame", 4096));
    assert_eq!(fs::metadata(crashed().at("vault-wal")).unwrap().len(), regions.len() as u64);
    let whole = fs::read(FixtureCopy::new().at("vault")).unwrap();
    let anchored = FixtureCopy::new().anchored();
    let counts = each_bit("vault-wal", &regions, crashed, |copy, bare, _| {
        let path = copy.at("vault");
        let log = copy.at("vault-wal");
        let changed = fs::read(&log).unwrap();
        let anchor = Arc::new(TestAnchor::default());
        anchor.put(Some(AnchorState { epoch: anchored.epoch + 1, ..anchored }));
        let device = Device { anchor: Some(anchor), ..bare.clone() };
        let error = Vault::open(&path, &device).unwrap_err();
        let same = fs::read(&log).unwrap() == changed && fs::read(&path).unwrap() == whole;
        assert!(same, "a file was changed");

        let vault = Vault::open(&path, bare).unwrap();
        assert_eq!(vault.list::<Setting>().unwrap().len(), 1);
        vault.close().unwrap();
        assert!(fs::read(&path).unwrap() == whole, "the file was changed");
        error_name(&error)
    });
    document_tables::assert_table("flipped bits of the log", &table(&counts, &["rolled back"]));
}
