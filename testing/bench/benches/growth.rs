//! How cost grows with the number of records: each work at each size, ours beside the peer of this build.

use std::{
    cell::{LazyCell, RefCell},
    hint::black_box,
    path::PathBuf,
    time::{Duration, Instant},
};

use criterion::{Criterion, SamplingMode};
use tegata::vault::{PaymentCredential, Vault};
use tegata_bench::{
    ours::{BenchDevice, credential},
    sqlite::Store,
};
use tempfile::TempDir;

use super::{OURS, plain, tempdir};

const SIZES: [u32; 4] = [1, 100, 10_000, 100_000];

pub(crate) fn growth(criterion: &mut Criterion) {
    for records in SIZES {
        let mut row = |work: &str, sides| measure(criterion, work, records, sides);
        row("open", alone(Sides::open, Sides::peer_open));
        row("get", alone(Sides::get, Sides::peer_get));
        row("list", alone(Sides::list, Sides::peer_list));
        row("put", in_turns(Sides::put, Sides::peer_put));
        row("add", in_turns(Sides::add, Sides::peer_add));
        row("file", alone(Sides::bytes, Sides::peer_bytes));
    }
}

/// Does something once and returns how long the measured part took.
type Work = fn(&mut Sides) -> Duration;

/// One side's work, and what is done before each time.
type Side = (Work, Work);

const fn alone(ours: Work, peers: Work) -> [Side; 2] {
    [(ours, |_| Duration::ZERO), (peers, |_| Duration::ZERO)]
}

/// Both each time, one of the two timed: a disk changes its mind from second to second.
const fn in_turns(ours: Work, peers: Work) -> [Side; 2] {
    [(ours, peers), (peers, ours)]
}

fn measure(criterion: &mut Criterion, work: &str, records: u32, [ours, peers]: [Side; 2]) {
    let mut row = criterion.benchmark_group(format!("{work}-{records}"));
    row.sample_size(20).sampling_mode(SamplingMode::Flat);
    // Made when first used: a run is mostly asked for one row, and comes past all of them.
    let sides = LazyCell::new(|| RefCell::new(Sides::new(records)));
    let mut bench = |name, (timed, before): Side| {
        row.bench_function(name, |bencher| {
            let sides = &mut *sides.borrow_mut();
            bencher.iter_custom(|rounds| {
                let one = |_| {
                    before(sides);
                    timed(sides)
                };
                (0..rounds).map(one).sum()
            });
        });
    };
    if plain() {
        bench(OURS, ours);
    }
    bench(Store::name(), peers);
}

/// How many reads are timed as one: a single one is not much longer than a look at the clock.
const READS: u32 = 100;

/// Ours and the peer, with as many records each.
struct Sides {
    device: BenchDevice,
    vault: Option<Vault>,
    peers_file: PathBuf,
    store: Option<Store>,
    records: u32,
    /// The record that comes next.
    next: u32,
    // Last, so that what lies in it is closed before it goes.
    _folder: TempDir,
}

impl Sides {
    fn new(records: u32) -> Self {
        let folder = tempdir();
        let device = BenchDevice::new(folder.path(), records);
        let peers_file = folder.path().join("store");
        // Closed once, so that the log of filling it is gone, as it is from ours.
        drop(Store::open(&peers_file, records));
        let vault = None;
        let store = None;
        Self { device, vault, peers_file, store, records, next: 0, _folder: folder }
    }

    fn open(&mut self) -> Duration {
        self.vault = None;
        timed(|| self.vault = Some(self.device.open()))
    }

    fn peer_open(&mut self) -> Duration {
        self.store = None;
        timed(|| self.store = Some(Store::open(&self.peers_file, self.records)))
    }

    fn get(&mut self) -> Duration {
        let all: [_; READS as usize] = std::array::from_fn(|_| {
            let number = self.next();
            *self.device.record(number)
        });
        let vault = self.opened();
        timed(|| {
            for id in &all {
                black_box(vault.get::<PaymentCredential>(id).unwrap());
            }
        }) / READS
    }

    fn peer_get(&mut self) -> Duration {
        let all: [u32; READS as usize] = std::array::from_fn(|_| self.next());
        let store = self.peer_opened();
        timed(|| {
            for record in all {
                black_box(store.get(record));
            }
        }) / READS
    }

    fn list(&mut self) -> Duration {
        let vault = self.opened();
        let mut all = Vec::new();
        // Dropping it comes after.
        timed(|| all = black_box(vault.list::<PaymentCredential>().unwrap()))
    }

    fn peer_list(&mut self) -> Duration {
        let store = self.peer_opened();
        let mut all = Vec::new();
        timed(|| all = black_box(store.list()))
    }

    fn put(&mut self) -> Duration {
        let number = self.next();
        let id = *self.device.record(number);
        let credential = credential(number);
        let vault = self.opened();
        timed(|| vault.put(&id, &credential).unwrap())
    }

    fn peer_put(&mut self) -> Duration {
        let number = self.next();
        let store = self.peer_opened();
        timed(|| store.put(number))
    }

    /// Deleting empties the log, whose first write then costs more than the others: so one more put goes before the
    /// next add.
    fn add(&mut self) -> Duration {
        let credential = credential(self.records);
        let vault = self.opened();
        let mut id = None;
        let taken = timed(|| id = Some(vault.add(&credential).unwrap()));
        assert!(vault.delete(&id.unwrap()).unwrap());
        self.put();
        taken
    }

    fn peer_add(&mut self) -> Duration {
        let number = self.records + self.next();
        let store = self.peer_opened();
        let taken = timed(|| store.put(number));
        store.delete(number);
        self.peer_put();
        taken
    }

    /// The length of the file. Criterion knows time alone, so that a byte goes for a nanosecond.
    fn bytes(&mut self) -> Duration {
        Duration::from_nanos(self.device.bytes())
    }

    fn peer_bytes(&mut self) -> Duration {
        Duration::from_nanos(self.peers_file.metadata().unwrap().len())
    }

    fn opened(&mut self) -> &mut Vault {
        self.vault.get_or_insert_with(|| self.device.open())
    }

    fn peer_opened(&mut self) -> &Store {
        self.store.get_or_insert_with(|| Store::open(&self.peers_file, self.records))
    }

    /// Another record each time, each as often as the others: the stride has no factor in common with a size.
    fn next(&mut self) -> u32 {
        self.next = (self.next + 61_803) % self.records;
        self.next
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}
