//! The service over HTTP: who may connect and how often, bodies, problems, the description, pages.

pub mod body;
mod call_problems;
pub(crate) mod card_form;
pub mod client_address;
mod connection;
mod connection_limits;
pub(crate) mod describe;
pub mod handlers;
pub(crate) mod headers;
mod health;
pub(crate) mod mailbox_page;
pub(crate) mod middleware;
mod once;
pub(crate) mod openapi;
mod operation_ids;
pub mod problem;
pub mod rate_limits;
pub(crate) mod readiness;
pub(crate) mod router;
pub(crate) mod server;
pub(crate) mod signature;
pub(crate) mod state;
pub(crate) mod till;
pub(crate) mod tls;
