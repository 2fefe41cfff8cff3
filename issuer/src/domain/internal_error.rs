//! Failures that are the issuer's own fault.

/// Something failed that no request can help. The log says what; an answer does not.
///
/// The text of the cause never holds what a request contained, nor any secret: no error's text in this workspace does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct InternalError {
    pub(crate) doing: &'static str,
    pub(crate) cause: String,
}

impl InternalError {
    /// Says what was being done, and what failed.
    pub(crate) fn new(doing: &'static str, cause: &dyn std::fmt::Display) -> Self {
        Self { doing, cause: cause.to_string() }
    }
}
