//! Plain values that everything else is written in.

pub(crate) mod hash;
