//! What every request to a processor has: a key, and ways to fail.

/// An idempotency key: a request repeated under the same key is done once, and answered as it was the first time.
#[derive(Clone, Copy, Debug)]
pub struct RequestKey<'a>(pub &'a str);

/// Why a request to the processor failed, and whether it was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessorError {
    /// It is not known whether the request was carried out: a time-out, a broken connection, an error of the processor.
    #[error("the outcome at the processor is unknown: {0}")]
    OutcomeUnknown(&'static str),
    /// Not carried out: the object is in another state than the request asks for.
    #[error("the object is in another state at the processor")]
    WrongState,
    /// Not carried out: the processor has no such object.
    #[error("the processor has no such object")]
    NotFound,
    /// Not carried out, for a fault of the issuer or of its settings; holds the HTTP status.
    #[error("the processor rejected the request with {0}")]
    Rejected(u16),
}
