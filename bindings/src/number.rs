//! Numbers as Java has them: signed.

/// Makes a small count signed.
pub(crate) fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Makes seconds signed. No moment of the core comes near the end of the range.
pub(crate) fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
