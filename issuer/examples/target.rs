//! An issuer with a few shoppers, for somebody who throws requests at it: a line of JSON says where it listens, which
//! sessions there are and which tickets. It ends with its input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests")]
#![allow(clippy::print_stdout, reason = "its answer")]

#[path = "../tests/people/mod.rs"]
mod people;

use serde_json::json;

use crate::people::Town;

fn main() {
    let town = Town::with("password_threads = 2\n");
    let people: Vec<_> =
        (0..8).map(|n| town.shopper(&format!("shopper-{n}@example.org"))).collect();
    let sessions: Vec<_> =
        people.iter().map(|person| person.session.as_ref().unwrap().expose()).collect();
    let tickets: Vec<_> = people.iter().map(|person| person.asks_for_reset().unwrap()).collect();
    let url = format!("http://{}", town.address());
    println!("{}", json!({ "url": url, "sessions": sessions, "tickets": tickets }));
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}
