//! The generation that this process saw last.

use std::sync::atomic::{AtomicU32, Ordering};

use tegata_policy::Generation;

/// The generation that challenges are made for: the one that this process saw last. After another process has raised it,
/// the first challenge made for the old one is found stale, and the answer that says so has a new one.
#[derive(Debug, Default)]
pub(super) struct SeenGeneration(AtomicU32);

impl SeenGeneration {
    pub(super) fn new(generation: Generation) -> Self {
        Self(AtomicU32::new(generation.0))
    }

    pub(super) fn get(&self) -> Generation {
        Generation(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, generation: Generation) {
        self.0.store(generation.0, Ordering::Relaxed);
    }
}
