//! The commands about the wallet's account at an issuer: `sign-up`, `log-in`, `second-factor`, `reset`, `devices`, `address`, `cards`,
//! `history`, `my-data`, `freeze`, `close`, `keep`.

mod account_args;
mod address;
mod cards;
mod deletion;
mod devices;
mod factor;
mod freeze;
mod history;
mod log_in;
mod my_data;
mod prompts;
pub(super) mod provision;
mod requests;
mod reset;
mod second_factor;
mod sign_up;

pub(crate) use self::address::Address;
pub(crate) use self::cards::Cards;
pub(crate) use self::deletion::{Close, Keep};
pub(crate) use self::devices::Devices;
pub(crate) use self::factor::FactorArgs;
pub(crate) use self::freeze::Freeze;
pub(crate) use self::history::History;
pub(crate) use self::log_in::LogIn;
pub(crate) use self::my_data::MyData;
pub(crate) use self::reset::Reset;
pub(crate) use self::second_factor::SecondFactor;
pub(crate) use self::sign_up::SignUp;
