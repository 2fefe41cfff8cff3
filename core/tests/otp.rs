//! One-time passwords against outside sources: the RFCs' own values, and `oathtool` over a thousand credentials.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tegata::formats::otpauth::{self, OtpauthError};
use tegata::formats::otpauth_migration::parse_all;
use tegata::vault::{
    Argon2Params, OtpAlgorithm, OtpCredential, OtpKind, Pass, PassFormat, SoftwareKeystore,
};
use tegata::{Device, Error, SecretBytes, SystemRandom, UnixTime, Wallet};

const ALGORITHMS: [OtpAlgorithm; 3] =
    [OtpAlgorithm::Sha1, OtpAlgorithm::Sha256, OtpAlgorithm::Sha512];

fn vectors() -> Value {
    serde_json::from_str(include_str!("../fixtures/vectors/otp.json")).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    hex::decode(hex.as_str().unwrap()).unwrap()
}

fn credential(algorithm: OtpAlgorithm, digits: u8, kind: OtpKind, secret: &[u8]) -> OtpCredential {
    let issuer = "Mail".to_owned();
    let account = "ann".to_owned();
    OtpCredential::new(issuer, account, algorithm, digits, kind, SecretBytes::new(secret))
}

fn code(credential: &OtpCredential, time: u64) -> String {
    credential.code(UnixTime::new(time).unwrap()).unwrap().digits().to_owned()
}

#[test]
fn codes_meet_rfc_4226_appendix_d() {
    let given = &vectors()["rfc4226_appendix_D"];
    let vectors = given["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 10);
    for vector in vectors {
        let kind = OtpKind::Hotp(vector["counter"].as_u64().unwrap());
        let credential = credential(OtpAlgorithm::Sha1, 6, kind, &bytes(&given["secret_hex"]));
        assert_eq!(code(&credential, 0), vector["otp"].as_str().unwrap());
    }
}

#[test]
fn codes_meet_rfc_6238_appendix_b() {
    let given = &vectors()["rfc6238_appendix_B"];
    let vectors = given["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 18);
    for vector in vectors {
        let name = vector["alg"].as_str().unwrap();
        let algorithm = ALGORITHMS.into_iter().find(|it| it.name() == name).unwrap();
        let secret = bytes(&given["seeds_hex"][name]);
        let credential = credential(algorithm, 8, OtpKind::Totp(30), &secret);
        let time = vector["time"].as_u64().unwrap();
        assert_eq!(code(&credential, time), vector["totp"].as_str().unwrap());
    }
}

#[test]
fn the_uris_of_the_formats_page_are_read() {
    for vector in vectors()["otpauth_uri"]["vectors"].as_array().unwrap() {
        let read = otpauth::parse(vector["uri"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(read.reveal_secret().expose(), bytes(&vector["secret_hex"]));
    }
}

#[test]
fn an_export_of_google_authenticator_is_read() {
    let given = &vectors()["google_authenticator_migration"][0];
    let uri = given["uri"].as_str().unwrap();
    let read = parse_all(uri.as_bytes()).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!((&*read[0].issuer, &*read[0].account), ("Example", "alice@google.com"));
    let otp_at = &given["expect"]["otp_at"];
    assert_eq!(code(&read[0], otp_at["unix"].as_u64().unwrap()), otp_at["otp"].as_str().unwrap());

    assert_eq!(otpauth::parse(uri.as_bytes()).unwrap_err(), OtpauthError::MigrationUri);
    assert_eq!(parse_all(b"https://x").unwrap_err(), OtpauthError::NotOtpauthUri);
    let empty = parse_all(b"otpauth-migration://offline").unwrap_err();
    assert_eq!(empty, OtpauthError::MissingParameter("data"));
}

#[test]
fn oathtool_computes_the_same_codes_of_a_thousand_credentials() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..1000 {
        let secret: Vec<u8> = (0..random.usize(1..=80)).map(|_| random.u8(..)).collect();
        let digits = random.u8(6..=8);
        // oathtool has HOTP over SHA-1 only.
        let (algorithm, kind) = if random.bool() {
            (OtpAlgorithm::Sha1, OtpKind::Hotp(random.u64(..)))
        } else {
            (ALGORITHMS[random.usize(..3)], OtpKind::Totp(random.u32(1..=100_000)))
        };
        let time = random.u64(..=UnixTime::MAX.seconds());
        // By way of the URI, so that its reader is checked too.
        let given = credential(algorithm, digits, kind, &secret);
        let read = otpauth::parse(otpauth::reveal(&given).expose()).unwrap();
        let theirs = oathtool(algorithm, digits, kind, &secret, time);
        assert_eq!(code(&read, time), theirs, "{read:?} at {time}, seed {seed}");
    }
}

fn oathtool(
    algorithm: OtpAlgorithm,
    digits: u8,
    kind: OtpKind,
    secret: &[u8],
    time: u64,
) -> String {
    let mut command = Command::new("oathtool");
    match kind {
        OtpKind::Hotp(counter) => command.arg("--hotp").arg(format!("--counter={counter}")),
        OtpKind::Totp(seconds) => command
            .arg(format!("--totp={}", algorithm.name()))
            .arg(format!("--time-step-size={seconds}s"))
            .arg(format!("--now=@{time}")),
    };
    command.arg(format!("--digits={digits}")).arg("-");
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match started {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!(
                "oathtool is not installed: `cargo xtask setup rust` does it, or apt-get install oathtool"
            )
        }
        started => started.unwrap(),
    };
    child.stdin.take().unwrap().write_all(format!("{}\n", hex::encode(secret)).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "oathtool failed: {:?}", output.status);
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[test]
fn no_counter_is_used_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wallet");
    let random = Arc::new(SystemRandom::new());
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    let keystore =
        SoftwareKeystore::create(&folder.path().join("key"), b"pass", cheap, random.clone())
            .unwrap();
    let seconds = Arc::new(AtomicU64::new(59));
    let shown = Arc::clone(&seconds);
    let clock = Arc::new(move || UnixTime::new(shown.load(Ordering::SeqCst)).unwrap());
    let keystore = Arc::new(keystore);
    let device = Device { keystore, anchor: None, clock, random };
    let given = vectors();
    let secret = bytes(&given["rfc4226_appendix_D"]["secret_hex"]);

    let mut wallet = Wallet::create(&path, &device).unwrap();
    let mut otps = wallet.otp_credentials();
    let totp = credential(OtpAlgorithm::Sha1, 8, OtpKind::Totp(30), &secret);
    let timed = otps.add(&totp).unwrap();
    let hotp = credential(OtpAlgorithm::Sha1, 6, OtpKind::Hotp(0), &secret);
    let counted = otps.add(&hotp).unwrap();
    let code = otps.code(&timed).unwrap();
    assert_eq!((code.digits(), code.seconds_left()), ("94287082", Some(1)));
    seconds.store(1_111_111_109, Ordering::SeqCst);
    assert_eq!(otps.code(&timed).unwrap().digits(), "07081804");
    drop(wallet);

    // Dropped in between, as when the app is killed.
    for otp in ["755224", "287082", "359152"] {
        let mut wallet = Wallet::open(&path, &device).unwrap();
        let code = wallet.otp_credentials().code(&counted).unwrap();
        assert_eq!((code.digits(), code.seconds_left()), (otp, None));
    }
    let mut wallet = Wallet::open(&path, &device).unwrap();
    let mut otps = wallet.otp_credentials();
    let listed = otps.list().unwrap();
    let found = listed.iter().find(|otp| otp.id == counted).unwrap();
    assert_eq!((listed.len(), found.kind), (2, OtpKind::Hotp(3)));
    let uri = otps.reveal_uri(&counted).unwrap();
    assert_eq!(
        std::str::from_utf8(uri.expose()).unwrap(),
        "otpauth://hotp/Mail:ann?issuer=Mail&algorithm=SHA1&digits=6&counter=3&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    );

    let last_hotp = credential(OtpAlgorithm::Sha1, 6, OtpKind::Hotp(u64::MAX), &secret);
    let last = otps.add(&last_hotp).unwrap();
    assert!(
        matches!(otps.code(&last), Err(Error::Invalid(why)) if why.contains("no counter left"))
    );
    let wrong = credential(OtpAlgorithm::Sha1, 9, OtpKind::Hotp(0), &secret);
    assert!(matches!(otps.add(&wrong), Err(Error::Invalid(why)) if why.contains("6 to 8")));

    otps.remove(&counted).unwrap();
    assert_eq!(otps.remove(&counted), Err(Error::NotFound));
    assert_eq!(otps.code(&counted), Err(Error::NotFound));
    assert!(matches!(otps.reveal_uri(&counted), Err(Error::NotFound)));
    let library_card = Pass {
        title: "Library card".into(),
        format: PassFormat::Code128,
        message: "A0042".into(),
        alternate_text: None,
    };
    let pass = wallet.passes().add(&library_card).unwrap();
    assert_eq!(wallet.otp_credentials().remove(&pass), Err(Error::NotFound));
}
