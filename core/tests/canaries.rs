//! Secrets of a running wallet, searched in its memory: in a core dump taken while payments are unlocked, after they
//! were locked, and after the wallet was closed.
//!
//! Of the release build, which is what ships: without optimisation the compiler leaves copies on the stack at every
//! move. `cargo xtask test rust` runs it; by hand: `cargo test --release -p tegata --test canaries`.
#![cfg(all(target_os = "linux", not(debug_assertions)))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ring::{hkdf, hmac};
use tegata::code::{AliasPeriod, Audience, CredentialId, Scheme, Seed};
use tegata::vault::{
    Argon2Params, OtpAlgorithm, OtpCredential, OtpKind, PaymentUnlock, SoftwareKeystore,
    UnlockMethod,
};
use tegata::{
    Device, NewPaymentCredential, NextCode, Random, RandomUnavailable, SecretBytes, SystemRandom,
    UnixTime, Wallet,
};

const FOLDER: &str = "TEGATA_TEST_FOLDER";
const CREDENTIAL: [u8; 16] = [0xc1; 16];
/// What the parent hands over is under this mask, so that no buffer of the pipe holds a secret as it is.
const MASK: u8 = 0xa7;

/// What a person types, what the host and the issuer hand over: lengths in this order.
const LENGTHS: [usize; 5] = [24, 16, 32, 32, 20];
/// Bytes of randomness that the parent hands over.
const RANDOM: usize = 4096;

/// Random bytes from the parent. Prints the length of each fill on stdout.
struct ReplayedRandom(Mutex<(Vec<u8>, usize)>);

impl Random for ReplayedRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        let (stream, at) = &mut *self.0.lock().unwrap();
        let masked = stream.get(*at..*at + bytes.len()).ok_or(RandomUnavailable)?;
        bytes.iter_mut().zip(masked).for_each(|(to, from)| *to = from ^ MASK);
        *at += bytes.len();
        println!("fill {}", bytes.len());
        Ok(())
    }
}

/// A buffer of the host's, which it wipes after use, as every host should.
struct HostBuffer(Vec<u8>);

impl HostBuffer {
    fn unmasked(masked: &[u8]) -> Self {
        Self(masked.iter().map(|byte| byte ^ MASK).collect())
    }
}

impl Drop for HostBuffer {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

/// Runs a wallet in a process of its own. Stops at each state until the parent lets it continue.
fn run_wallet(folder: &Path) {
    let mut masked = [0; LENGTHS[0] + LENGTHS[1] + LENGTHS[2] + LENGTHS[3] + LENGTHS[4]];
    let mut stream = vec![0; RANDOM];
    let mut stdin = std::io::stdin().lock();
    stdin.read_exact(&mut masked).unwrap();
    stdin.read_exact(&mut stream).unwrap();
    let mut at = 0;
    let [passphrase, pin, host_key, seed, otp] = LENGTHS.map(|length| {
        at += length;
        &masked[at - length..at]
    });
    let mut report = |state: &str| {
        println!("state {state}");
        stdin.read_exact(&mut [0]).unwrap();
    };
    let random = Arc::new(ReplayedRandom(Mutex::new((stream, 0))));
    let path = folder.join("vault");
    let key_path = folder.join("keystore");
    let device = || {
        let passphrase = HostBuffer::unmasked(passphrase);
        let small = Argon2Params::new(64, 1, 1).unwrap();
        let opened = if key_path.exists() {
            SoftwareKeystore::open(&key_path, &passphrase.0, random.clone())
        } else {
            SoftwareKeystore::create(&key_path, &passphrase.0, small, random.clone())
        };
        let keystore = Arc::new(opened.unwrap());
        // It moves half an hour at each call, so that there always is a next code.
        let seconds = AtomicU64::new(1_800_000_000);
        let clock =
            Arc::new(move || UnixTime::new(seconds.fetch_add(1800, Ordering::SeqCst)).unwrap());
        Device { keystore, anchor: None, clock, random: random.clone() }
    };

    // As a wallet is set up, and closed.
    let mut wallet = Wallet::create(&path, &device()).unwrap();
    let mut unlock = PaymentUnlock::without_lock();
    wallet
        .payments()
        .set_pin(&mut unlock, &HostBuffer::unmasked(pin).0, Argon2Params::PHONE)
        .unwrap();
    wallet.payments().set_unlock_key(&mut unlock, &HostBuffer::unmasked(host_key).0).unwrap();
    let scheme = Scheme { prefix: "2900".parse().unwrap(), alias_period: AliasPeriod::DAY };
    let credential = CredentialId(CREDENTIAL);
    let label = "Shop".into();
    let seed = Seed::from_slice(&HostBuffer::unmasked(seed).0).unwrap();
    let payment = wallet
        .payments()
        .add(&unlock, &NewPaymentCredential { credential, label, scheme, seed })
        .unwrap();
    let kind = OtpKind::Totp(30);
    let secret = SecretBytes::new(&HostBuffer::unmasked(otp).0);
    let otp = OtpCredential::new("Mail".into(), "ann".into(), OtpAlgorithm::Sha1, 6, kind, secret);
    let otp_id = wallet.otp_credentials().add(&otp).unwrap();
    drop((otp, unlock));
    wallet.close().unwrap();

    // As it is used.
    let device = device();
    let mut wallet = Wallet::open(&path, &device).unwrap();
    let pay = |wallet: &mut Wallet, with: UnlockMethod<'_>| {
        let unlock = wallet.payments().unlock(with).unwrap();
        let next = wallet.payments().next_code(&unlock, &payment, Audience::AnyTill).unwrap();
        assert!(matches!(next, NextCode::Code(_)));
        let till = Audience::OneTill("till-1".parse().unwrap());
        wallet.payments().next_code(&unlock, &payment, till).unwrap();
        unlock
    };
    drop(pay(&mut wallet, UnlockMethod::Key(&HostBuffer::unmasked(host_key).0)));
    let unlock = pay(&mut wallet, UnlockMethod::Pin(&HostBuffer::unmasked(pin).0));
    wallet.otp_credentials().code(&otp_id).unwrap();
    report("unlocked");
    drop(unlock);
    report("locked");
    wallet.close().unwrap();
    drop(device);
    report("closed");
}

/// The wallet's process, seen from the parent.
struct WalletProcess {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    /// Lengths of the fills so far.
    fills: Vec<usize>,
}

impl WalletProcess {
    fn begin(folder: &Path, handed_over: &[u8]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "no_secret_is_left_in_memory", "--nocapture"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let masked: Vec<u8> = handed_over.iter().map(|byte| byte ^ MASK).collect();
        child.stdin.as_mut().unwrap().write_all(&masked).unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output, fills: vec![] }
    }

    /// Waits for a state, dumps the memory, and lets the process continue.
    fn dump(&mut self, folder: &Path, state: &str) -> Vec<u8> {
        loop {
            let mut line = String::new();
            assert!(
                self.output.read_line(&mut line).unwrap() > 0,
                "it ended before it was {state}"
            );
            if let Some(length) = line.split("fill ").nth(1) {
                self.fills.push(length.trim().parse().unwrap());
            } else if line.contains(&format!("state {state}")) {
                break;
            }
        }
        let dump = folder.join("core");
        let pid = self.child.id().to_string();
        let output = Command::new("gcore").arg("-o").arg(&dump).arg(&pid).output();
        let gcore = output.unwrap_or_else(|error| panic!("gcore (Debian package gdb): {error}"));
        let dump = dump.with_extension(&pid);
        let memory = std::fs::read(&dump);
        let memory =
            memory.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&gcore.stderr)));
        std::fs::remove_file(dump).unwrap();
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        memory
    }
}

/// A secret that is searched for, and its name in reports.
struct Canary {
    name: String,
    bytes: Vec<u8>,
}

/// The names of the canaries found in `memory`, each with its count.
fn found(memory: &[u8], canaries: &[Canary]) -> Vec<(String, usize)> {
    let mut heads: HashMap<[u8; 8], Vec<usize>> = HashMap::new();
    for (at, canary) in canaries.iter().enumerate() {
        heads.entry(*canary.bytes.first_chunk().unwrap()).or_default().push(at);
    }
    let mut found = vec![0; canaries.len()];
    for at in 0..memory.len() - 8 {
        let Some(those) = heads.get(memory[at..].first_chunk::<8>().unwrap()) else { continue };
        for &canary in those {
            found[canary] += usize::from(memory[at..].starts_with(&canaries[canary].bytes));
        }
    }
    let found = canaries.iter().zip(found).filter(|(_, count)| *count > 0);
    found.map(|(canary, count)| (canary.name.clone(), count)).collect()
}

fn derived(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![0; 32];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    prk.expand(info, hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    key
}

/// The pseudorandom key that HKDF extracts from a secret.
fn extracted(secret: &[u8], salt: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret).as_ref().to_vec()
}

fn canary(name: &str, bytes: &[u8]) -> Canary {
    Canary { name: name.into(), bytes: bytes.to_vec() }
}

/// What must be gone from memory once payments are locked.
fn lock_canaries([pin, host_key, lock_key, seed]: [&[u8]; 4], salts: &[&[u8]]) -> Vec<Canary> {
    let mut of_lock = vec![
        canary("PIN", pin),
        canary("host's key", host_key),
        canary("lock's key", lock_key),
        canary("seed", seed),
        canary("alias key", &derived(seed, &[], &[b"tegata/v1/alias"])),
        canary("code key", &derived(seed, &[], &[b"tegata/v1/otp"])),
        canary("till's code key", &derived(seed, &[], &[b"tegata/v1/otp/till/", b"till-1"])),
        canary("extract of the seed", &extracted(seed, &[0; 32])),
    ];
    for salt in salts {
        let key = derived(lock_key, salt, &[b"tegata/v1/seed", &CREDENTIAL]);
        of_lock.push(canary("key of the seed's envelope", &key));
        of_lock.push(canary("extract of the lock's key", &extracted(lock_key, salt)));
        of_lock.push(canary("extract of the host's key", &extracted(host_key, salt)));
    }
    of_lock
}

/// What must be gone from memory once the wallet is closed.
fn wallet_canaries(
    [passphrase, otp, data_key, device_keys]: [&[u8]; 4],
    salts: &[&[u8]],
) -> Vec<Canary> {
    let mut of_wallet = vec![
        canary("passphrase", passphrase),
        canary("OTP secret", otp),
        canary("data key", data_key),
        canary("manifest's key", &derived(data_key, &[], &[b"tegata/v1/manifest"])),
        canary("wrap key", &device_keys[..32]),
        canary("prf key", &device_keys[32..]),
    ];
    for salt in salts {
        of_wallet.push(canary("extract of the data key", &extracted(data_key, salt)));
        for id in salts {
            for rev in 1_u64..9 {
                let key = derived(data_key, salt, &[b"tegata/v1/record", id, &rev.to_be_bytes()]);
                of_wallet.push(canary("key of a record", &key));
            }
        }
    }
    of_wallet
}

#[test]
fn no_secret_is_left_in_memory() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return run_wallet(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut handed_over = vec![0; LENGTHS.iter().sum::<usize>() + RANDOM];
    SystemRandom::new().fill(&mut handed_over).unwrap();
    for byte in &mut handed_over[LENGTHS[0]..LENGTHS[0] + LENGTHS[1]] {
        *byte = b'0' + *byte % 10; // the PIN
    }
    let mut process = WalletProcess::begin(folder.path(), &handed_over);
    let [unlocked, locked, closed] =
        ["unlocked", "locked", "closed"].map(|state| process.dump(folder.path(), state));
    assert!(process.child.wait().unwrap().success());

    let mut rest = &handed_over[..];
    let [passphrase, pin, host_key, seed, otp] = LENGTHS.map(|length| {
        let (taken, left) = rest.split_at(length);
        rest = left;
        taken
    });
    let fills: Vec<&[u8]> = process
        .fills
        .iter()
        .map(|&length| {
            let (taken, left) = rest.split_at(length);
            rest = left;
            taken
        })
        .collect();
    let mut keys = fills.iter().copied().filter(|fill| fill.len() == 32);
    // Of 32 bytes are, in this order: id and salt of the keystore's file, the data key, the lock's key.
    let _ = keys.next().unwrap();
    let data_key = keys.next().unwrap();
    let lock_key = keys.next().unwrap();
    let device_keys = fills.iter().find(|fill| fill.len() == 64).unwrap();

    let salts: Vec<&[u8]> = fills.iter().copied().filter(|fill| fill.len() == 16).collect();
    let of_lock = lock_canaries([pin, host_key, lock_key, seed], &salts);
    let of_wallet = wallet_canaries([passphrase, otp, data_key, device_keys], &salts);
    // The search finds what is there: payments are unlocked, and the wallet is open.
    let names = |memory: &[u8], canaries| {
        found(memory, canaries).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert!(names(&unlocked, &of_lock).contains(&"lock's key".to_owned()));
    for open in [&unlocked, &locked] {
        assert!(names(open, &of_wallet).contains(&"data key".to_owned()));
    }
    for shut in [&locked, &closed] {
        assert_eq!(found(shut, &of_lock), []);
    }
    assert_eq!(found(&closed, &of_wallet), []);
}
