//! Random ids of the objects in the ledger.

use ring::rand::{SecureRandom, SystemRandom};

/// A random id with this prefix.
pub(crate) fn new_id(prefix: &str) -> String {
    let mut bytes = [0; 12];
    // Without randomness ids repeat, and the table's primary key refuses the second one.
    let _ = SystemRandom::new().fill(&mut bytes);
    format!("{prefix}_{}", hex::encode(bytes))
}
