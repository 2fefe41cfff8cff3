//! Tests of decisions, through an issuer in memory that carries out effects and checks its invariants after each one.

mod any_order;
mod cards;
mod device_calls;
mod evidence_changes;
mod freeze_codes;
mod freezes_by_factor;
mod log_in;
mod log_in_codes;
mod reset;
mod sessions;
mod sign_up;
mod stored_names;
mod stored_state;
mod test_issuer;
mod waiting_credentials;
