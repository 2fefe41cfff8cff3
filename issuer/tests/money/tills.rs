//! Tills that sell, with cashiers who lose patience, and what they were told in the end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::issuers::Issuers;
use tegata_testkit::TestIssuer;
use tegata_testkit::{TestPayer, TestPayments, TestTill};

/// Codes of one half minute.
const CODES: u8 = 5;

/// What all the tills share.
pub(crate) struct TillSimulation<'a> {
    issuer: &'a TestIssuer,
    payments: &'a TestPayments<'a>,
    issuers: &'a Issuers,
    shoppers: Vec<Mutex<Counter>>,
    left: AtomicUsize,
    sales: Mutex<BTreeMap<(String, String), Sale>>,
}

struct Counter {
    shopper: TestPayer,
    step: u64,
    next: u8,
}

/// One sale, as its till remembers it.
#[derive(Clone, Debug)]
struct Sale {
    amount: u64,
    /// Keys that it was asked under.
    keys: Vec<String>,
    /// What was heard last; none: nothing was.
    heard: Option<String>,
    was_approved: bool,
    is_taken_back: bool,
    /// It was taken back by its key, before it had come.
    is_forbidden: bool,
}

/// Three sums that have to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) processor: u64,
    pub(crate) rows: u64,
    pub(crate) tills: u64,
}

impl Sums {
    pub(crate) fn agree(&self) -> bool {
        self.processor == self.rows && self.rows == self.tills
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, rows, tills } = self;
        let difference =
            processor.abs_diff(*rows).max(rows.abs_diff(*tills)).max(processor.abs_diff(*tills));
        write!(f, "processor {processor}, rows {rows}, tills {tills}: difference {difference}")
    }
}

impl<'a> TillSimulation<'a> {
    pub(crate) fn new(
        issuer: &'a TestIssuer,
        payments: &'a TestPayments<'a>,
        issuers: &'a Issuers,
        shoppers: Vec<TestPayer>,
        count: usize,
    ) -> Self {
        let counter = |shopper| Mutex::new(Counter { shopper, step: 0, next: 0 });
        Self {
            issuer,
            payments,
            issuers,
            shoppers: shoppers.into_iter().map(counter).collect(),
            left: AtomicUsize::new(count),
            sales: Mutex::default(),
        }
    }

    /// A code that nobody has shown yet. When those of this half minute are used up, time passes.
    fn fresh_code(&self, nth: usize) -> String {
        let mut counter = self.shoppers[nth].lock().unwrap();
        let mut step = self.issuer.now().seconds() / 30;
        if counter.step == step && counter.next == CODES {
            self.issuer.advance_clock(30);
            step = self.issuer.now().seconds() / 30;
        }
        if counter.step != step {
            (counter.step, counter.next) = (step, 0);
        }
        counter.next += 1;
        self.payments.code(&counter.shopper, counter.next - 1, None)
    }

    /// Sells until there is nothing left to sell.
    pub(crate) fn sells(&self, till: &TestTill, mut random: fastrand::Rng) {
        let take = |left: usize| left.checked_sub(1);
        while let Ok(n) = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            self.sale(till, &format!("sale-{n}"), &mut random);
        }
    }

    fn sale(&self, till: &TestTill, reference: &str, random: &mut fastrand::Rng) {
        let amount = random.u64(1..5000);
        let shopper = random.usize(..self.shoppers.len());
        let mut sale = Sale {
            amount,
            keys: Vec::new(),
            heard: None,
            was_approved: false,
            is_taken_back: false,
            is_forbidden: random.u8(..) < 16,
        };
        if sale.is_forbidden {
            self.overtaken(till, reference, &mut sale, &self.fresh_code(shopper));
            self.sales.lock().unwrap().insert((till.id.to_string(), reference.to_owned()), sale);
            return;
        }
        let mut key = String::new();
        let mut code = String::new();
        for attempt in 0..8 {
            // A cashier who heard nothing sends the same again, or scans again.
            if attempt == 0 || random.u8(..) < 100 {
                (key, code) = (format!("{reference}-{attempt}"), self.fresh_code(shopper));
                sale.keys.push(key.clone());
            }
            let body = json!({
                "code": code, "amount": amount, "currency": "JPY", "reference": reference,
            });
            let patience = Duration::from_millis(if random.u8(..) < 80 { 150 } else { 3000 });
            let Some(heard) = self.post(
                till,
                random.usize(..2),
                "/v1/authorisations",
                Some(&key),
                &body,
                patience,
            ) else {
                continue;
            };
            sale.hears(&heard);
            if heard != "pending" && !heard.is_empty() {
                break;
            }
        }
        if random.u8(..) < 40 {
            sale.is_taken_back = true;
            let what = if random.bool() {
                json!({ "reference": reference })
            } else {
                json!({ "key": key })
            };
            let patience = Duration::from_millis(300);
            let _ = self.post(till, random.usize(..2), "/v1/voids", None, &what, patience);
        }
        let of = (till.id.to_string(), reference.to_owned());
        self.sales.lock().unwrap().insert(of, sale);
    }

    /// A cashier takes back what is still on its way: the void, by its key, comes first.
    fn overtaken(&self, till: &TestTill, reference: &str, sale: &mut Sale, code: &str) {
        let key = format!("{reference}-0");
        let patience = Duration::from_secs(1);
        sale.keys.push(key.clone());
        let void = json!({ "key": key });
        // If it does not come first, it comes in the evening.
        let _ = self.post(till, 0, "/v1/voids", None, &void, patience);
        let body = json!({
            "code": code, "amount": sale.amount, "currency": "JPY", "reference": reference,
        });
        // Nobody waits for the answer.
        let _ = self.post(till, 1, "/v1/authorisations", Some(&key), &body, patience);
        sale.is_taken_back = true;
    }

    /// How the answer reads; nothing if none came.
    fn post(
        &self,
        till: &TestTill,
        issuer: usize,
        path: &str,
        key: Option<&str>,
        body: &Value,
        patience: Duration,
    ) -> Option<String> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(patience))
            .build()
            .new_agent();
        let url = format!("http://{}{path}", self.issuers.address(issuer));
        let mut post = agent.post(url).content_type("application/json");
        post = post.header("Authorization", format!("Bearer {}", till.token));
        if let Some(key) = key {
            post = post.header("Idempotency-Key", key);
        }
        let mut answer = post.send(body.to_string().as_bytes()).ok()?;
        if answer.status().as_u16() != 200 {
            return None;
        }
        let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()?;
        Some(body["status"].as_str().unwrap_or_default().to_owned())
    }

    /// In the evening each till asks how its sales stand: by the last of the payments, and where nothing ever came back,
    /// by taking it back.
    pub(crate) fn closes(&self, till: &TestTill) {
        let mut sales = self.sales.lock().unwrap();
        for ((_, reference), sale) in
            sales.iter_mut().filter(|((of, _), _)| *of == till.id.to_string())
        {
            let is_open = sale
                .heard
                .as_deref()
                .is_none_or(|heard| heard == "pending" || heard == "reversing");
            if !(is_open || sale.is_taken_back) {
                continue;
            }
            sale.is_taken_back = true;
            let patience = Duration::from_secs(30);
            let what = if sale.is_forbidden {
                json!({ "key": sale.keys[0] })
            } else {
                json!({ "reference": reference })
            };
            let heard = self.post(till, 0, "/v1/voids", None, &what, patience);
            sale.hears(&heard.expect("all is well again"));
        }
    }

    /// What the tills believe that they were paid.
    pub(crate) fn approved(&self, tills: &[TestTill]) -> u64 {
        let sales = self.sales.lock().unwrap();
        assert!(sales.keys().all(|(of, _)| tills.iter().any(|till| till.id.to_string() == *of)));
        let is_paid = |sale: &&Sale| sale.was_approved && !sale.is_taken_back;
        sales.values().filter(is_paid).map(|sale| sale.amount).sum()
    }

    /// How the sales went, for whoever reads along.
    pub(crate) fn summary(&self) -> String {
        let sales = self.sales.lock().unwrap();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for sale in sales.values() {
            *counts
                .entry(sale.heard.clone().unwrap_or_else(|| "nothing".to_owned()))
                .or_default() += 1;
        }
        let scans: usize = sales.values().map(|sale| sale.keys.len()).sum();
        format!("{} sales, {scans} scans: {counts:?}", sales.len())
    }
}

impl Sale {
    fn hears(&mut self, heard: &str) {
        self.was_approved |= heard == "approved";
        self.heard = Some(heard.to_owned());
    }
}
