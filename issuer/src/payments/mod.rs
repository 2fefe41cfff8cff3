//! Payments.
mod charge;
pub use charge::{Charge, NoProcessor, Outcome};
