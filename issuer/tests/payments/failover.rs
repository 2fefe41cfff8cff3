//! The primary is killed while tills pay, and its standby takes its place: what was approved stands there, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::desk::{Desk, Shopper, Till, Told};
use crate::people::Town;
use crate::people::cluster::Pair;

const TILLS: usize = 6;
const SHOPPERS: usize = 4;
const CODES: u8 = 5;
/// All that is asked for.
const ALL: usize = TILLS * SHOPPERS * CODES as usize;

#[test]
fn nothing_approved_is_lost_or_approved_twice_when_the_standby_takes_over() {
    let pair = Pair::start();
    let town = Town::on(&pair.url(), tempfile::tempdir().unwrap(), "");
    let desk = Desk::new(&town);
    let tills: Vec<Till> = (0..TILLS).map(|n| desk.till(&format!("till-{n}"))).collect();
    let shoppers: Vec<Shopper> =
        (0..TILLS * SHOPPERS).map(|n| desk.shopper(u8::try_from(n).unwrap())).collect();
    let answered = AtomicUsize::new(0);
    let told: BTreeMap<String, Told> = thread::scope(|scope| {
        let each = tills.iter().enumerate().map(|(n, till)| {
            let (desk, answered) = (&desk, &answered);
            let shoppers = &shoppers[n * SHOPPERS..][..SHOPPERS];
            scope.spawn(move || pays(desk, till, shoppers, answered))
        });
        let each: Vec<_> = each.collect();
        while answered.load(Ordering::SeqCst) < ALL / 3 {
            thread::sleep(Duration::from_millis(1));
        }
        pair.kill_primary();
        // A while in which there is nobody to write to.
        thread::sleep(Duration::from_millis(300));
        assert!(answered.load(Ordering::SeqCst) < ALL, "it was killed in the midst of it");
        pair.promote();
        each.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });

    assert_eq!(told.len(), ALL);
    let ids: BTreeSet<&str> = told.values().map(Told::id).collect();
    assert_eq!(ids.len(), ALL, "one payment for each sale");
    for (sale, told) in &told {
        let till = tills.iter().find(|till| sale.starts_with(till.id.as_str())).unwrap();
        let stands = desk.get(till, &format!("/v1/authorisations/{}", told.id()));
        assert_eq!(stands.status, 200, "{sale} is lost");
        if told.words() == "approved" {
            assert_eq!(stands.words(), "approved", "{sale}");
        }
    }
    assert_eq!(usize::try_from(desk.number("SELECT COUNT(*) FROM authorisations")).unwrap(), ALL);
    let spent = desk.number("SELECT SUM(spent) FROM payers");
    assert_eq!(usize::try_from(spent).unwrap(), ALL * 100);
}

/// Asks for each payment until it is answered, always with the same key, as a till does.
fn pays(
    desk: &Desk<'_>,
    till: &Till,
    shoppers: &[Shopper],
    answered: &AtomicUsize,
) -> Vec<(String, Told)> {
    let mut told = Vec::new();
    for nth in 0..CODES {
        for (who, shopper) in shoppers.iter().enumerate() {
            let (code, sale) = (desk.code(shopper, nth, None), format!("{}-{who}-{nth}", till.id));
            let mut tries = 0;
            let answer = loop {
                let answer = till.asks(desk, &sale, &code, 100);
                if answer.status == 200 {
                    break answer;
                }
                tries += 1;
                assert!(tries < 3000, "{answer:?}");
                thread::sleep(Duration::from_millis(20));
            };
            assert!(["approved", "pending"].contains(&answer.words().as_str()), "{answer:?}");
            answered.fetch_add(1, Ordering::SeqCst);
            told.push((sale, answer));
        }
    }
    told
}
