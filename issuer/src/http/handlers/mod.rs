//! The handlers of requests, one file for each group.

pub mod accounts;
pub(crate) mod till_input;
pub mod tills;
