//! What is decided, told as what people do. The issuer in here keeps what it is told to keep, carries out effects, and
//! after each decision checks what always has to hold.

mod cards;
mod changes;
mod fixture;
mod issuer;
mod life;
mod log_in;
mod random;
mod reset;
mod sign_up;
mod stored_names;
