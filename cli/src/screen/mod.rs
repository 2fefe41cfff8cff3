//! The live screen: a payment barcode that renews itself, what is asked of the shopper, what the till said.

mod draw;
mod layout;
mod screen_loop;

pub(crate) use screen_loop::{Live, Scanner, run};
