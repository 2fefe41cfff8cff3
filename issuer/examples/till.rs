//! An issuer for the tests of the till page, with shoppers and tills at the word of who runs it: a line of JSON in, a line
//! of JSON out; the first says where it listens. It ends with its input.
//!
//! The issuer is the real one, and charges cards at the sandbox as it would at a processor. What is played here is what
//! goes wrong on the way there, and the time of day.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests")]
#![allow(clippy::print_stdout, reason = "its answers")]

#[allow(dead_code, reason = "the tests of payments use the rest")]
use std::io::BufRead;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tegata::code::ShopName;
use tegata::{Clock, SystemClock};
use tegata_issuer::admin::ManagerName;
use tegata_issuer::config::SecretSetting;
use tegata_issuer::processor::Stripe;
use tegata_sandbox::{Call, Fault, Sandbox};
use tokio::runtime::Runtime;

use tegata_testkit::TestIssuer;
use tegata_testkit::card::{add_card, has_open_charges};
use tegata_testkit::{
    TestPayer, TestPayments,
    payments::{reason, scheme},
};

const KEY: &str = "a key of the far side";

/// A command on standard input, one line of JSON.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    /// Sets the clock to the system's: for programs that read that one.
    SetClock,
    /// Moves the clock forward by so many seconds.
    Wait { seconds: u64 },
    /// Adds a shopper with a payment credential and this card of the sandbox.
    Shopper { card: String },
    /// The first code of the shopper's next half minute.
    Code { shopper: usize },
    /// Adds a till, or replaces its code: the enrolment code.
    Till { till: String, shop: String },
    /// Adds a manager of a till: their code.
    Manager { till: String, name: String },
    /// Revokes a till's token.
    Revoke { till: String },
    /// Changes how the processor behaves from now on.
    Processor { says: ProcessorBehaviour },
    /// Moves the clock forward until the issuer has settled all open payments.
    Finish,
    /// The sandbox's charges for this till that were not refunded, oldest first.
    Charged { till: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ProcessorBehaviour {
    /// It answers as its cards do.
    Done,
    /// Nothing, once it was asked for a charge: whether that is charged is not known.
    Pending,
}

/// The processor, beside the issuer.
struct Far {
    sandbox: Sandbox,
    stripe: Stripe,
    address: String,
    _threads: Runtime,
    _folder: tempfile::TempDir,
}

impl Far {
    fn new() -> Self {
        let threads = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::with_ledger_file(folder.path().join("ledger.sqlite"), KEY);
        let listener = threads.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        threads.spawn(sandbox.clone().serve(listener));
        let stripe = Stripe::new(&address, &SecretSetting::new(KEY), Duration::from_secs(8));
        Self { sandbox, stripe: stripe.unwrap(), address, _threads: threads, _folder: folder }
    }

    fn says(&self, says: &ProcessorBehaviour) {
        match says {
            ProcessorBehaviour::Done => self.sandbox.fail(|_| Fault::None),
            ProcessorBehaviour::Pending => self.sandbox.fail(|call| match call {
                Call::Confirm(_) | Call::Retrieve(_) | Call::Cancel(_) | Call::Refund => {
                    Fault::LostBefore
                }
                _ => Fault::None,
            }),
        }
    }
}

fn main() {
    let far = Far::new();
    let issuer =
        TestIssuer::with(&format!("processor = {:?}\nprocessor_key = {KEY:?}", far.address));
    let payments = TestPayments::new(&issuer);
    println!("{}", json!({ "url": format!("http://{}", issuer.address()) }));
    let mut shoppers = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let asked = serde_json::from_str(&line.unwrap()).unwrap();
        println!("{}", done(&payments, &far, &mut shoppers, asked));
    }
}

fn done(
    payments: &TestPayments<'_>,
    far: &Far,
    shoppers: &mut Vec<TestPayer>,
    asked: Command,
) -> Value {
    let issuer = payments.issuer;
    match asked {
        Command::SetClock => {
            let is = issuer.now().seconds();
            let here = SystemClock.now().seconds();
            issuer.advance_clock(here.saturating_sub(is));
            issuer.set_clock_back(is.saturating_sub(here));
        }
        Command::Wait { seconds } => issuer.advance_clock(seconds),
        Command::Shopper { card } => {
            let number = shoppers.len();
            let shopper = payments.payer(u8::try_from(number + 1).unwrap());
            add_card(payments, &shopper, &far.stripe, &card);
            let answer = json!({
                "shopper": number, "seed": hex::encode(shopper.seed.expose()),
                "prefix": scheme().prefix.to_string(),
            });
            shoppers.push(shopper);
            return answer;
        }
        Command::Code { shopper } => {
            return json!({ "code": payments.next_code(&shoppers[shopper]) });
        }
        Command::Till { till, shop } => {
            let till = till.parse().unwrap();
            let shop = ShopName::new(&shop).unwrap();
            let code = payments.operator().add_till(till, shop, &reason()).unwrap();
            return json!({ "code": code.text().expose() });
        }
        Command::Manager { till, name } => {
            let name = ManagerName::new(&name).unwrap();
            let operator = payments.operator();
            let code = operator.add_manager(till.parse().unwrap(), name, &reason()).unwrap();
            return json!({ "code": code.expose() });
        }
        Command::Revoke { till } => {
            payments.operator().revoke_till(till.parse().unwrap(), &reason()).unwrap();
        }
        Command::Processor { says } => far.says(&says),
        Command::Finish => {
            // The issuer's job takes up payments that were left alone for half a minute.
            issuer.advance_clock(31);
            while has_open_charges(payments) {
                thread::sleep(Duration::from_millis(50));
            }
        }
        Command::Charged { till } => {
            let till = till.parse().unwrap();
            let rows =
                payments.threads.block_on(payments.store.authorisations_at(&till, 100)).unwrap();
            let paid = far.sandbox.paid().unwrap();
            let of_row = |row: String| paid.iter().find(|paid| paid.what_for == row);
            let amounts = rows.iter().rev().filter_map(|row| of_row(row.id.to_string()));
            let amounts = amounts.map(|paid| paid.charged - paid.refunded).filter(|sum| *sum > 0);
            return json!({ "amounts": amounts.collect::<Vec<_>>() });
        }
    }
    json!({})
}
