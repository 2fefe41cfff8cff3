//! The rows of docs/performance.md, one function each. Run by `cargo xtask bench`, which also knows the targets.
#![expect(clippy::unwrap_used, reason = "a bench that cannot prepare has nothing to measure")]

use std::{hint::black_box, path::Path, time::Duration};

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use tegata_bench::{
    DIGITS, NOW, SECRET, WANTED,
    code::{Midstate, digits, totp},
    passphrase,
    sqlite::{Durability, Store},
    symbol,
};

criterion_group!(
    name = rows;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = qr, code128, next_code, check, open, put_full, put_normal, get
);
criterion_main!(rows);

/// Whether this build's SQLite is the plain one. The other build measures `SQLCipher` alone.
fn plain() -> bool {
    Store::name() == "sqlite"
}

fn qr(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("qr");
    row.bench_function("qrcode", |b| b.iter(|| symbol::qr_qrcode(black_box(DIGITS))));
    row.bench_function("qrcodegen", |b| b.iter(|| symbol::qr_qrcodegen(black_box(DIGITS))));
    row.bench_function("fast_qr", |b| b.iter(|| symbol::qr_fast_qr(black_box(DIGITS))));
    row.bench_function("zxing-cpp", |b| b.iter(|| symbol::qr_zxing_cpp(black_box(DIGITS))));
}

fn code128(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("code128");
    row.bench_function("barcoders", |b| b.iter(|| symbol::code128_barcoders(black_box(DIGITS))));
    row.bench_function("rxing", |b| b.iter(|| symbol::code128_rxing(black_box(DIGITS))));
}

fn next_code(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("next-code");
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
    let totp = totp(&SECRET);
    let code = totp.generate(NOW).to_string();
    row.bench_function("totp-rs", |b| b.iter(|| totp.check(black_box(&code), black_box(NOW))));
    let (midstate, value) = (Midstate::new(&SECRET), code.parse().unwrap());
    row.bench_function("midstates", |b| {
        b.iter(|| midstate.check(black_box(value), black_box(NOW)));
    });
}

fn open(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("open");
    let folder = tempdir();
    let file = folder.path().join("store");
    drop(Store::open(&file, Durability::Full));
    row.bench_function(Store::name(), |b| {
        b.iter(|| {
            let body = Store::open(&file, Durability::Full).get(WANTED).unwrap();
            symbols_by_peers(&digits(&totp(&body[..SECRET.len()]), NOW))
        });
    });
    if plain() {
        let file = folder.path().join("passphrase");
        passphrase::create(&file);
        row.sample_size(10);
        row.bench_function("passphrase", |b| {
            b.iter(|| {
                let credentials = passphrase::open(&file);
                let wanted = credentials.iter().find(|credential| credential.id == WANTED).unwrap();
                symbols_by_peers(&digits(&totp(&wanted.secret), NOW))
            });
        });
    }
}

fn put_full(criterion: &mut Criterion) {
    put(&mut criterion.benchmark_group("put-full"), Durability::Full);
}

fn put_normal(criterion: &mut Criterion) {
    put(&mut criterion.benchmark_group("put-normal"), Durability::Normal);
}

fn put(row: &mut BenchmarkGroup<WallTime>, durability: Durability) {
    let folder = tempdir();
    let store = Store::open(&folder.path().join("store"), durability);
    row.bench_function(Store::name(), |b| b.iter(|| store.put(WANTED)));
}

fn get(criterion: &mut Criterion) {
    let mut row = criterion.benchmark_group("get");
    let folder = tempdir();
    let store = Store::open(&folder.path().join("store"), Durability::Normal);
    row.bench_function(Store::name(), |b| b.iter(|| store.get(black_box(WANTED))));
}

/// On the disk of the build folder: the system's own folder for such things may be in memory, where durable is free.
fn tempdir() -> tempfile::TempDir {
    tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap()
}
