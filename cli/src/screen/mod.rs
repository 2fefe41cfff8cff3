//! The live screen: a payment barcode that renews itself, what is asked of the shopper, what the till said.

mod draw;
mod layout;
mod live;

pub(crate) use live::{Live, Scanner, run};
