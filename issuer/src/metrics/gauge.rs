//! Counts as gauges take them.

/// Gives a count as a gauge takes it; more than a gauge holds is the most that it holds.
pub(crate) fn gauge(value: u64) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}
