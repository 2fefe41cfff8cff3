//! Payments.
mod charge;
mod charging;
pub use charge::{Charge, NoProcessor, Outcome};
pub use charging::{Charging, DEADLINE};
