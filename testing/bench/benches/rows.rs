//! The rows of docs/performance.md, one function each. Run by `cargo xtask bench`, which also knows the targets.
#![expect(clippy::unwrap_used, reason = "a bench that cannot prepare has nothing to measure")]

mod growth;

use std::{
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use criterion::{
    Bencher, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use tegata::{symbol::Symbol, vault::PaymentCredential};
use tegata_bench::{
    CREDENTIALS, DIGITS, NOW, SECRET, WANTED,
    code::{Midstate, digits, totp},
    ours::{self, BenchDevice, Issuer, TickingWallet},
    passphrase,
    sqlite::{Locking, Store},
    symbol,
};

criterion_group!(
    name = rows;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = qr, code128, next_code, check, open, show, put, get, growth::growth
);
criterion_main!(rows);

/// What our own side is called in every row.
const OURS: &str = "tegata";

/// Whether this build's SQLite is the plain one. The other build measures `SQLCipher` alone.
fn plain() -> bool {
    Store::name() == "sqlite"
}

fn qr(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("qr");
    row.bench_function(OURS, |b| b.iter(|| Symbol::qr(black_box(DIGITS))));
    row.bench_function("qrcode", |b| b.iter(|| symbol::qr_qrcode(black_box(DIGITS))));
    row.bench_function("qrcodegen", |b| b.iter(|| symbol::qr_qrcodegen(black_box(DIGITS))));
    row.bench_function("fast_qr", |b| b.iter(|| symbol::qr_fast_qr(black_box(DIGITS))));
    row.bench_function("zxing-cpp", |b| b.iter(|| symbol::qr_zxing_cpp(black_box(DIGITS))));
}

fn code128(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("code128");
    row.bench_function(OURS, |b| b.iter(|| Symbol::code128(black_box(DIGITS))));
    row.bench_function("barcoders", |b| b.iter(|| symbol::code128_barcoders(black_box(DIGITS))));
    row.bench_function("rxing", |b| b.iter(|| symbol::code128_rxing(black_box(DIGITS))));
}

fn next_code(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("next-code");
    let seed = ours::seed();
    let scheme = ours::scheme();
    row.bench_function(OURS, |b| b.iter(|| ours::next_code(&seed, &scheme, black_box(NOW))));
    let totp = totp(&SECRET);
    row.bench_function("totp-rs+qrcode+barcoders", |b| {
        b.iter(|| symbols_by_peers(&digits(&totp, black_box(NOW))));
    });
}

fn symbols_by_peers(digits: &str) -> (Vec<qrcode::Color>, Vec<u8>) {
    (symbol::qr_qrcode(digits), symbol::code128_barcoders(digits))
}

fn check(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("check");
    let issuer = Issuer::new();
    let ours = ours::code();
    row.bench_function(OURS, |b| {
        // A code is compared with the values of three steps, the peers compare with one: so a third of it.
        b.iter_custom(|rounds| {
            let started = Instant::now();
            for _ in 0..rounds {
                black_box(issuer.check(black_box(&ours), black_box(NOW)));
            }
            started.elapsed() / 3
        });
    });
    let totp = totp(&SECRET);
    let code = totp.generate(NOW).to_string();
    row.bench_function("totp-rs", |b| b.iter(|| totp.check(black_box(&code), black_box(NOW))));
    let midstate = Midstate::new(&SECRET);
    let value = code.parse().unwrap();
    row.bench_function("midstates", |b| {
        b.iter(|| midstate.check(black_box(value), black_box(NOW)));
    });
}

/// Until the codes are in hand; closing comes after and is not waited for by anybody.
fn open(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("open");
    let folder = tempdir();
    if plain() {
        let device = BenchDevice::new(folder.path(), CREDENTIALS);
        let seed = ours::seed();
        let scheme = ours::scheme();
        row.bench_function(OURS, |b| {
            without_drop(b, || {
                let vault = device.open();
                let stored = vault.get::<PaymentCredential>(device.record(WANTED)).unwrap();
                (vault, stored, ours::next_code(&seed, &scheme, black_box(NOW)))
            });
        });
    }
    let file = folder.path().join("store");
    drop(Store::open(&file, CREDENTIALS));
    row.bench_function(Store::name(), |b| {
        without_drop(b, || {
            let store = Store::open(&file, CREDENTIALS);
            let body = store.get(WANTED).unwrap();
            (store, symbols_by_peers(&digits(&totp(&body[..SECRET.len()]), NOW)))
        });
    });
    if plain() {
        let file = folder.path().join("passphrase");
        passphrase::create(&file);
        row.sample_size(10);
        row.bench_function("passphrase", |b| {
            without_drop(b, || {
                let credentials = passphrase::open(&file);
                let wanted = credentials.iter().find(|credential| credential.id == WANTED).unwrap();
                let symbols = symbols_by_peers(&digits(&totp(&wanted.secret), NOW));
                (credentials, symbols)
            });
        });
    }
}

/// Measures what makes a value and leaves out what drops it. One at a time: a vault is open once.
fn without_drop<T>(bencher: &mut Bencher, mut work: impl FnMut() -> T) {
    bencher.iter_custom(|rounds| {
        let one = |_| {
            let started = Instant::now();
            let made = black_box(work());
            let taken = started.elapsed();
            drop(made);
            taken
        };
        (0..rounds).map(one).sum()
    });
}

/// What the wallet does for each code it shows: the counter is stored before. The peer commits one row.
fn show(criterion: &mut Criterion) {
    let folder = tempdir();
    let mut wallet = TickingWallet::new(folder.path());
    beside_a_commit(&mut criterion.benchmark_group("show"), folder.path(), || wallet.next_code());
}

fn put(criterion: &mut Criterion) {
    let folder = tempdir();
    let device = BenchDevice::new(folder.path(), CREDENTIALS);
    let mut vault = device.open();
    let credential = ours::credential(WANTED);
    let ours = || vault.put(device.record(WANTED), &credential).unwrap();
    beside_a_commit(&mut criterion.benchmark_group("put"), folder.path(), ours);
}

/// Ours and a commit of one row by the peer, in turns: a disk changes its mind from second to second, so both are
/// done each time and one of the two is timed.
fn beside_a_commit<T>(
    row: &mut BenchmarkGroup<WallTime>,
    folder: &Path,
    mut ours: impl FnMut() -> T,
) {
    let store = Store::open(&folder.join("store"), CREDENTIALS);
    let mut theirs = || store.put(WANTED);
    if plain() {
        row.bench_function(OURS, |b| in_turns(b, &mut ours, &mut theirs));
    }
    row.bench_function(Store::name(), |b| in_turns(b, &mut theirs, &mut ours));
}

fn in_turns<A, B>(
    bencher: &mut Bencher,
    timed: &mut impl FnMut() -> A,
    other: &mut impl FnMut() -> B,
) {
    bencher.iter_custom(|rounds| {
        let one = |_| {
            black_box(other());
            let started = Instant::now();
            black_box(timed());
            started.elapsed()
        };
        (0..rounds).map(one).sum()
    });
}

fn get(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("get");
    let folder = tempdir();
    if plain() {
        let device = BenchDevice::new(folder.path(), CREDENTIALS);
        let vault = device.open();
        row.bench_function(OURS, |b| {
            b.iter(|| vault.get::<PaymentCredential>(black_box(device.record(WANTED))));
        });
    }
    for (locking, name) in [(Locking::Exclusive, ""), (Locking::Normal, "-shared")] {
        let file = folder.path().join(format!("store{name}"));
        let store = Store::open_with(&file, CREDENTIALS, locking);
        row.bench_function(format!("{}{name}", Store::name()), |b| {
            b.iter(|| store.get(black_box(WANTED)));
        });
    }
}

/// On the disk of the build folder: the system's own folder for such things may be in memory, where durable is free.
fn tempdir() -> tempfile::TempDir {
    tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()
}
