//! Text from outside: which characters a name may have, and what a person typed for digits.

mod digits;
mod plain;

pub use self::digits::fold_digits;
pub use self::plain::{NotPlain, escape, is_plain, replace};

pub(crate) use self::plain::{check_plain, deserialize_plain};
