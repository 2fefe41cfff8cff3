//! The state of a pool of connections.

/// How many connections of a pool there are, and how many callers wait for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PoolStatus {
    pub(super) most: usize,
    pub(super) open: usize,
    pub(super) idle: usize,
    pub(super) waiting: usize,
}
