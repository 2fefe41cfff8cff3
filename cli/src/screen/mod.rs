//! The live screen: a payment barcode that renews itself, instructions for the shopper, and replies of a till.

mod draw;
mod layout;
mod screen_loop;

pub(crate) use screen_loop::{CodeSource, Scanner, run};
