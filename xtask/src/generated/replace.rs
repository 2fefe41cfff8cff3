//! Replacing text that has to be there.

/// Replaces each occurrence.
///
/// # Errors
/// Names what is not in the source.
pub(super) fn replace(source: &str, old: &str, new: &str) -> anyhow::Result<String> {
    anyhow::ensure!(source.contains(old), "nothing generated reads: {old}");
    Ok(source.replace(old, new))
}
