//! Every operation of a wallet, in order and by name. Each crash test runs all of them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fastrand::Rng;
use tegata::code::{AliasPeriod, Audience, CredentialId, Scheme, Seed};
use tegata::vault::{
    AnchorError, AnchorState, Argon2Params, FileAnchor, OtpAlgorithm, OtpCredential, OtpKind, Pass,
    PassFormat, PaymentUnlock, RecordId, Setting, SoftwareKeystore, UnlockMethod, Vault,
    VaultError,
};
use tegata::{
    Device as Host, Error, NewPaymentCredential, Random, RandomUnavailable, SecretBytes,
    SystemRandom, UnixTime, Wallet,
};

/// The result of an operation.
pub type Answer = Result<(), Error>;

/// One operation of the workload.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The name that reports show.
    pub name: &'static str,
    /// Runs the operation. Run again after an error, it does what is left.
    pub run: fn(&mut WorkloadDevice) -> Answer,
    /// Whether it takes several transactions, each of which leaves a whole vault.
    pub in_parts: bool,
    /// Whether the file is older than the anchor in its course.
    pub rolls_back: bool,
}

const fn step(name: &'static str, run: fn(&mut WorkloadDevice) -> Answer) -> Step {
    Step { name, run, in_parts: false, rolls_back: false }
}

impl Step {
    const fn in_parts(self) -> Self {
        Self { in_parts: true, ..self }
    }

    const fn rolls_back(self) -> Self {
        Self { rolls_back: true, ..self }
    }
}

/// The whole workload, in order.
pub const STEPS: &[Step] = &[
    step("create", create),
    step("add", |device| add(device, "a", 1)),
    step("add another", |device| add(device, "b", 4096)),
    step("put in place of it", |device| put(device, "a", "changed")),
    step("a transaction of several", several),
    step("a transaction of 60 kB", large),
    step("delete", |device| delete(device, "b")),
    step("add after deleting", |device| add(device, "c", 700)),
    step("put over a long one", |device| put(device, "large 3", "short")),
    step("close", WorkloadDevice::close),
    step("open", |device| device.vault().map(drop)),
    step("close without a change", WorkloadDevice::close),
    step("open with another keystore", open_with_other_keystore),
    step("create where there is one", create_again),
    step("add a payment", add_payment),
    step("next code", next_code),
    step("next code again", next_code),
    step("learn the time", learn_time),
    step("lock payments", set_pin),
    step("set the key of the lock", |device| set_key(device, KEY)),
    step("next code under the lock", next_code),
    step("add a payment under the lock", add_payment),
    step("change the key of the lock", |device| set_key(device, OTHER_KEY)),
    step("change the PIN", set_pin),
    step("a wrong PIN", wrong_pin),
    step("forget the key of the lock", forget_key),
    step("remove the lock", remove_lock),
    step("add a counter", add_counter),
    step("use the counter", use_counter),
    step("begin a transfer", |device| device.wallet()?.transfer().request().map(drop)),
    step("receive the transfer", receive_transfer),
    step("add a pass", |device| device.wallet()?.passes().add(&pass("Ticket")).map(drop)),
    step("remove a pass", remove_pass),
    step("drop without closing", |device| {
        device.drop_open();
        Ok(())
    }),
    step("add after that", |device| add(device, "d", 2000)),
    step("change the keystore", |device| Ok(device.vault()?.change_keystore(keystore())?)),
    step("rekey", |device| Ok(device.vault()?.rekey()?)).in_parts(),
    step("add under the new key", |device| add(device, "f", 200)),
    step("open an older copy", open_older_copy).rolls_back(),
    step("add to the older copy", |device| add(device, "g", 200)),
    step("destroy", destroy),
    step("create again", create),
    step("add to the new one", |device| add(device, "e", 10)),
    step("close the new one", WorkloadDevice::close),
];

/// A device with a wallet: its clock shows one time, its randomness is the same in each run.
pub struct WorkloadDevice {
    path: PathBuf,
    handle: OpenHandle,
    host: Host,
}

/// What the device has open.
enum OpenHandle {
    Empty,
    Vault(Vault),
    Wallet(Wallet),
}

impl WorkloadDevice {
    /// Makes a device with its wallet in this folder, where there may be none yet.
    #[must_use]
    pub fn new(folder: &Path, seed: u64) -> Self {
        let host = Host {
            random: Arc::new(SeededRandom(Mutex::new(Rng::with_seed(seed)))),
            ..host(folder)
        };
        Self { path: folder.join(VAULT), handle: OpenHandle::Empty, host }
    }

    /// The vault, opened if it is not.
    ///
    /// # Errors
    /// Those of closing the wallet and opening the vault.
    pub fn vault(&mut self) -> Result<&mut Vault, Error> {
        if !matches!(self.handle, OpenHandle::Vault(_)) {
            self.close()?;
            self.handle = OpenHandle::Vault(Vault::open(&self.path, &self.host)?);
        }
        match &mut self.handle {
            OpenHandle::Vault(vault) => Ok(vault),
            _ => Err(Error::NoWallet),
        }
    }

    /// The wallet, opened if it is not.
    ///
    /// # Errors
    /// Those of closing the vault and opening the wallet.
    pub fn wallet(&mut self) -> Result<&mut Wallet, Error> {
        if !matches!(self.handle, OpenHandle::Wallet(_)) {
            self.close()?;
            self.handle = OpenHandle::Wallet(Wallet::open(&self.path, &self.host)?);
        }
        match &mut self.handle {
            OpenHandle::Wallet(wallet) => Ok(wallet),
            _ => Err(Error::NoWallet),
        }
    }

    /// Closes what is open.
    ///
    /// # Errors
    /// Those of closing.
    pub fn close(&mut self) -> Answer {
        match std::mem::replace(&mut self.handle, OpenHandle::Empty) {
            OpenHandle::Empty => Ok(()),
            OpenHandle::Vault(vault) => Ok(vault.close()?),
            OpenHandle::Wallet(wallet) => wallet.close(),
        }
    }

    /// Drops what is open, as a killed program does.
    pub fn drop_open(&mut self) {
        self.handle = OpenHandle::Empty;
    }

    /// All that the wallet holds, as text without random values: the same for runs that did the same.
    ///
    /// # Errors
    /// Those of opening and reading.
    pub fn inventory(&mut self) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let settings = self.vault()?.list::<Setting>()?;
        found.extend(settings.iter().map(|(_, its)| format!("{} {}", its.name, its.value.len())));
        let wallet = self.wallet()?;
        found.push(format!("{} records", wallet.len()));
        let payments = wallet.payments().list()?;
        found.extend(
            payments.iter().map(|its| format!("{} {:?} {:?}", its.label, its.last, its.offset)),
        );
        let otps = wallet.otp_credentials().list()?;
        found.extend(otps.iter().map(|its| format!("{} {:?}", its.account, its.kind)));
        found.extend(wallet.passes().list()?.into_iter().map(|(_, pass)| pass.title));
        found.sort();
        Ok(found)
    }
}

/// The name of a vault's file here.
pub(crate) const VAULT: &str = "vault";
/// The name of its anchor's file.
pub(crate) const ANCHOR: &str = "anchor";

/// The host's device, with its anchor in this folder.
pub(crate) fn host(folder: &Path) -> Host {
    Host {
        keystore: keystore(),
        anchor: Some(Arc::new(FileAnchor::new(&folder.join(ANCHOR)))),
        clock: Arc::new(noon),
        random: Arc::new(SystemRandom::new()),
    }
}

/// The keystore that all devices here share, with the cheapest Argon2id parameters.
fn keystore() -> Arc<SoftwareKeystore> {
    static OURS: OnceLock<Arc<SoftwareKeystore>> = OnceLock::new();
    OURS.get_or_init(make_keystore).clone()
}

/// The keystore of another device.
pub(crate) fn other_keystore() -> Arc<SoftwareKeystore> {
    static ANOTHER: OnceLock<Arc<SoftwareKeystore>> = OnceLock::new();
    ANOTHER.get_or_init(make_keystore).clone()
}

#[expect(clippy::expect_used, reason = "tests")]
fn make_keystore() -> Arc<SoftwareKeystore> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keystore");
    let random = Arc::new(SystemRandom::new());
    let keystore = SoftwareKeystore::create(&path, b"passphrase", cheap(), random);
    Arc::new(keystore.expect("a keystore"))
}

#[expect(clippy::expect_used, reason = "tests")]
fn cheap() -> Argon2Params {
    Argon2Params::new(8, 1, 1).expect("in range")
}

/// What the clock always shows.
fn noon() -> UnixTime {
    UnixTime::new(1_800_000_000).unwrap_or(UnixTime::EPOCH)
}

/// Random bytes that are the same for the same seed.
struct SeededRandom(Mutex<Rng>);

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
        Ok(())
    }
}

fn setting(name: &str, length: usize) -> Setting {
    Setting { name: name.into(), value: name.repeat(length / name.len()) }
}

fn pass(title: &str) -> Pass {
    let format = PassFormat::Qr;
    let message = "M".repeat(500);
    Pass { title: title.into(), format, message, alternate_text: None }
}

fn create(device: &mut WorkloadDevice) -> Answer {
    device.drop_open();
    let vault = match Vault::create(&device.path, &device.host) {
        // A host that got an error and tries again.
        Err(VaultError::AlreadyExists) => Vault::open(&device.path, &device.host)?,
        answer => answer?,
    };
    device.handle = OpenHandle::Vault(vault);
    Ok(())
}

fn create_again(device: &mut WorkloadDevice) -> Answer {
    match Vault::create(&device.path, &device.host) {
        Err(VaultError::AlreadyExists) => Ok(()),
        answer => answer.map(drop).map_err(Error::from).and(Err(Error::NoWallet)),
    }
}

fn open_with_other_keystore(device: &mut WorkloadDevice) -> Answer {
    device.close()?;
    let host = Host { keystore: other_keystore(), ..device.host.clone() };
    match Vault::open(&device.path, &host) {
        Err(VaultError::WrongDevice) => Ok(()),
        answer => answer.map(drop).map_err(Error::from).and(Err(Error::NoWallet)),
    }
}

fn destroy(device: &mut WorkloadDevice) -> Answer {
    device.drop_open();
    match Vault::destroy(&device.path) {
        Err(VaultError::NotFound) => Ok(()),
        answer => Ok(answer?),
    }
}

fn add(device: &mut WorkloadDevice, name: &str, length: usize) -> Answer {
    device.vault()?.add(&setting(name, length))?;
    Ok(())
}

fn named(vault: &Vault, name: &str) -> Result<RecordId, Error> {
    let settings = vault.list::<Setting>()?;
    let found = settings.into_iter().find(|(_, setting)| setting.name == name);
    found.map(|(id, _)| id).ok_or(Error::NotFound)
}

fn put(device: &mut WorkloadDevice, name: &str, value: &str) -> Answer {
    let vault = device.vault()?;
    let id = named(vault, name)?;
    vault.put(&id, &Setting { name: name.into(), value: value.into() })?;
    Ok(())
}

fn delete(device: &mut WorkloadDevice, name: &str) -> Answer {
    let vault = device.vault()?;
    let id = named(vault, name)?;
    vault.delete(&id)?;
    Ok(())
}

fn several(device: &mut WorkloadDevice) -> Answer {
    let vault = device.vault()?;
    let first = named(vault, "a")?;
    vault.transaction(|tx| {
        let passing = tx.add(&setting("passing", 300))?;
        tx.add(&setting("kept", 300))?;
        tx.put(&first, &setting("a", 900))?;
        tx.add(&pass("Card"))?;
        tx.delete(&passing)?;
        Ok::<_, Error>(())
    })
}

fn remove_pass(device: &mut WorkloadDevice) -> Answer {
    let wallet = device.wallet()?;
    let passes = wallet.passes().list()?;
    let ticket = passes.iter().find(|(_, pass)| pass.title == "Ticket");
    wallet.passes().remove(&ticket.ok_or(Error::NotFound)?.0)
}

/// No kind lets one record grow that long, so it is fifteen.
fn large(device: &mut WorkloadDevice) -> Answer {
    device.vault()?.transaction(|tx| {
        for number in 0..15 {
            tx.add(&setting(&format!("large {number}"), 4096))?;
        }
        Ok(())
    })
}

fn add_payment(device: &mut WorkloadDevice) -> Answer {
    let invalid = || Error::Invalid("the workload's own credential".into());
    let prefix = "4960".parse().map_err(|_| invalid())?;
    let payment = NewPaymentCredential {
        credential: CredentialId([7; 16]),
        label: "Corner Shop".into(),
        scheme: Scheme { prefix, alias_period: AliasPeriod::DAY },
        seed: Seed::from_slice(&[9; 32]).ok_or_else(invalid)?,
    };
    let unlock = unlock(device)?;
    device.wallet()?.payments().add(&unlock, &payment).map(drop)
}

const KEY: &[u8; 32] = &[0x4b; 32];
const OTHER_KEY: &[u8; 32] = &[0x6f; 32];
const PIN: &[u8] = b"739164";

/// Unlocks payments with whichever key is set, or by the PIN, or without a lock.
fn unlock(device: &mut WorkloadDevice) -> Result<PaymentUnlock, Error> {
    let mut payments = device.wallet()?.payments();
    for method in [UnlockMethod::Key(KEY), UnlockMethod::Key(OTHER_KEY), UnlockMethod::Pin(PIN)] {
        match payments.unlock(method) {
            Err(Error::PaymentsLocked | Error::UnlockNotSet) => {}
            answer => return answer,
        }
    }
    match payments.lock_status()? {
        None => Ok(PaymentUnlock::without_lock()),
        Some(_) => Err(Error::PaymentsLocked),
    }
}

fn set_key(device: &mut WorkloadDevice, key: &[u8]) -> Answer {
    let mut unlock = unlock(device)?;
    device.wallet()?.payments().set_unlock_key(&mut unlock, key)
}

fn set_pin(device: &mut WorkloadDevice) -> Answer {
    let mut unlock = unlock(device)?;
    device.wallet()?.payments().set_pin(&mut unlock, PIN, cheap())
}

fn wrong_pin(device: &mut WorkloadDevice) -> Answer {
    match device.wallet()?.payments().unlock(UnlockMethod::Pin(b"915283")) {
        Err(Error::WrongPin { .. }) => Ok(()),
        answer => answer.map(drop).and(Err(Error::NotFound)),
    }
}

fn forget_key(device: &mut WorkloadDevice) -> Answer {
    match device.wallet()?.payments().forget_unlock_key() {
        Err(Error::UnlockNotSet) => Ok(()),
        answer => answer,
    }
}

fn remove_lock(device: &mut WorkloadDevice) -> Answer {
    let mut unlock = unlock(device)?;
    device.wallet()?.payments().remove_lock(&mut unlock)
}

/// The anchor goes ahead as if there had been more transactions, so that the file is an older copy.
fn open_older_copy(device: &mut WorkloadDevice) -> Answer {
    device.close()?;
    let failed = |error: AnchorError| Error::from(VaultError::from(error));
    if let Some(anchor) = &device.host.anchor
        && let Some(anchored) = anchor.load().map_err(failed)?
    {
        let ahead = AnchorState { epoch: anchored.epoch + 7, ..anchored };
        anchor.store(&ahead).map_err(failed)?;
    }
    device.handle = OpenHandle::Vault(Vault::open_rolled_back(&device.path, &device.host)?);
    Ok(())
}

fn first_payment(wallet: &mut Wallet) -> Result<RecordId, Error> {
    let payments = wallet.payments().list()?;
    payments.first().map(|payment| payment.id).ok_or(Error::NotFound)
}

fn next_code(device: &mut WorkloadDevice) -> Answer {
    let unlock = unlock(device)?;
    let wallet = device.wallet()?;
    let id = first_payment(wallet)?;
    wallet.payments().next_code(&unlock, &id, Audience::AnyTill).map(drop)
}

fn learn_time(device: &mut WorkloadDevice) -> Answer {
    let wallet = device.wallet()?;
    let id = first_payment(wallet)?;
    let issuer = noon().shifted(90);
    wallet.payments().learn_issuer_time(&id, issuer).map(drop)
}

fn add_counter(device: &mut WorkloadDevice) -> Answer {
    let credential = OtpCredential::new(
        "Mail".into(),
        "ann@example.org".into(),
        OtpAlgorithm::Sha1,
        6,
        OtpKind::Hotp(0),
        SecretBytes::new(b"12345678901234567890"),
    );
    device.wallet()?.otp_credentials().add(&credential).map(drop)
}

/// Sends the transfer to the same wallet: storing it needs no second phone.
fn receive_transfer(device: &mut WorkloadDevice) -> Answer {
    let unlock = unlock(device)?;
    let wallet = device.wallet()?;
    // A host that got an error after the transfer was stored, and tries again.
    let Some(request) = wallet.transfer().pending_request()? else { return Ok(()) };
    let all = wallet.otp_credentials().list()?;
    let id = all.first().map(|otp| otp.id).ok_or(Error::NotFound)?;
    let sealed = wallet.transfer().seal(&unlock, &request, request.number()?, &[id])?;
    wallet.transfer().receive(&sealed).map(drop)
}

fn use_counter(device: &mut WorkloadDevice) -> Answer {
    let wallet = device.wallet()?;
    let all = wallet.otp_credentials().list()?;
    let id = all.first().map(|otp| otp.id).ok_or(Error::NotFound)?;
    wallet.otp_credentials().code(&id).map(drop)
}
