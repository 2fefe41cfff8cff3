//! An issuer for the tests of the till page, with shoppers and tills at the word of who runs it: a line of JSON in, a line
//! of JSON out; the first says where it listens. It ends with its input.
//!
//! The issuer is the real one. What is played here is the far side: the processor, and the time of day.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests")]
#![allow(clippy::print_stdout, reason = "its answers")]

#[allow(dead_code, reason = "the tests of payments use the rest")]
#[path = "../tests/payments/desk.rs"]
mod desk;
#[path = "../tests/people/mod.rs"]
mod people;

use std::io::BufRead;

use serde::Deserialize;
use serde_json::{Value, json};
use tegata::code::ShopName;
use tegata::{Clock, SystemClock};
use tegata_issuer::payments::Outcome;
use tegata_issuer::store::State;

use crate::desk::{Desk, Shopper, reason, scheme};
use crate::people::Town;

/// What can be asked for.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Asked {
    /// It is as late as at this computer: for what was made by a program that looks there.
    SetClock,
    /// Time passes.
    Wait { seconds: u64 },
    /// Somebody with an account and a payment credential.
    Shopper,
    /// The first code of the shopper's next half minute.
    Code { shopper: usize },
    /// A till is added, or added anew: its code.
    Till { till: String, shop: String },
    /// A till is one no more.
    Revoke { till: String },
    /// What the processor says from now on.
    Processor { says: Says },
    /// The processor has taken the money for what is pending at this till, and given back what is being taken back.
    Finish { till: String },
    /// What was charged at this till and not given back, the oldest first.
    Charged { till: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Says {
    Done,
    Declined,
    Pending,
}

fn main() {
    let town = Town::new();
    let desk = Desk::new(&town);
    println!("{}", json!({ "url": format!("http://{}", town.address()) }));
    let mut shoppers = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let asked = serde_json::from_str(&line.unwrap()).unwrap();
        println!("{}", done(&desk, &mut shoppers, asked));
    }
}

fn done(desk: &Desk<'_>, shoppers: &mut Vec<Shopper>, asked: Asked) -> Value {
    let town = desk.town;
    match asked {
        Asked::SetClock => {
            let (is, here) = (town.now().seconds(), SystemClock.now().seconds());
            town.passes(here.saturating_sub(is));
            town.goes_back(is.saturating_sub(here));
        }
        Asked::Wait { seconds } => town.passes(seconds),
        Asked::Shopper => {
            let number = shoppers.len();
            let shopper = desk.shopper(u8::try_from(number + 1).unwrap());
            let answer = json!({
                "shopper": number, "seed": hex::encode(shopper.seed.expose()),
                "prefix": scheme().prefix.to_string(),
            });
            shoppers.push(shopper);
            return answer;
        }
        Asked::Code { shopper } => return json!({ "code": desk.next_code(&shoppers[shopper]) }),
        Asked::Till { till, shop } => {
            let (till, shop) = (till.parse().unwrap(), ShopName::new(&shop).unwrap());
            let code = desk.operator().add_till(till, shop, &reason()).unwrap();
            return json!({ "code": code.text().expose() });
        }
        Asked::Revoke { till } => {
            desk.operator().revoke_till(till.parse().unwrap(), &reason()).unwrap();
        }
        Asked::Processor { says } => {
            *town.processor.lock().unwrap() = match says {
                Says::Done => Outcome::Done,
                Says::Declined => Outcome::Declined,
                Says::Pending => Outcome::Pending,
            };
        }
        Asked::Finish { till } => desk.threads.block_on(async {
            for found in desk.store.authorisations_at(&till.parse().unwrap(), 100).await.unwrap() {
                let to = match found.state {
                    State::Authorised => State::Charged,
                    State::Reversing => State::Refunded,
                    _ => continue,
                };
                desk.store.move_on(found, to, town.now(), desk.notices()).await.unwrap();
            }
        }),
        Asked::Charged { till } => {
            let till = till.parse().unwrap();
            let all = desk.threads.block_on(desk.store.authorisations_at(&till, 100)).unwrap();
            let charged = all.iter().rev().filter(|it| it.state == State::Charged);
            return json!({ "amounts": charged.map(|it| it.amount).collect::<Vec<_>>() });
        }
    }
    json!({})
}
