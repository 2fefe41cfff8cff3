//! What an owner sees of their payments and hears by mail, on both stores.

use serde_json::json;
use tegata::protocol::{FreezeAccount, ListPayments, PaymentNumber, PaymentPage, PaymentState};
use tegata_issuer::domain::AuthorisationId;
use tegata_issuer::payments::ChargeOutcome;
use tegata_issuer::store::AuthorisationState;

use tegata_testkit::TestPayments;
use tegata_testkit::{TestIssuer, TestShopper, shopper::PASSWORD};

const HANAKO: &str = "hanako@example.org";

tegata_testkit::on_both! {
    a_history_has_the_owners_payments_only_newest_first,
    pages_have_each_payment_once,
    a_charge_a_void_and_a_refund_are_told_once_each,
    a_payment_in_the_second_of_a_freeze_is_declined_and_shown,
}

fn page(person: &TestShopper<'_>, before: Option<PaymentNumber>) -> PaymentPage {
    person.call_in_session(&ListPayments { before }).unwrap()
}

/// Reference, amount and state of each.
fn rows(page: &PaymentPage) -> Vec<(&str, u64, PaymentState)> {
    page.payments.iter().map(|it| (it.reference.as_str(), it.amount, it.state)).collect()
}

fn a_history_has_the_owners_payments_only_newest_first(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let hanako = issuer.signed_up_shopper(HANAKO);
    let taro = issuer.signed_up_shopper("taro@example.org");
    let owner_payer = payments.payer_of(&hanako, 1);
    let other_payer = payments.payer_of(&taro, 2);
    let ginza = payments.till("till-1");
    let ueno = payments.till("till-2");
    assert!(page(&hanako, None).payments.is_empty());
    let pays = |till: &tegata_testkit::TestTill, what: &str, amount| {
        let code = payments.next_code(&owner_payer);
        (till.authorise(&payments, what, &code, amount).outcome(), code)
    };
    let says = |outcome| *issuer.processor.lock().unwrap() = outcome;
    let mut codes = Vec::new();
    let mut told_at_till = Vec::new();
    let mut at = |(words, code): (String, String)| {
        told_at_till.push(words);
        codes.push(code);
    };
    at(pays(&ginza, "paid", 100));
    at(pays(&ueno, "back", 200));
    payments.void(&ueno, &json!({ "reference": "back" }));
    at(pays(&ginza, "much", 5001));
    says(ChargeOutcome::Declined);
    at(pays(&ginza, "empty", 300));
    says(ChargeOutcome::Pending);
    at(pays(&ginza, "never", 400));
    payments.void(&ginza, &json!({ "reference": "never" }));
    at(pays(&ginza, "open", 500));
    says(ChargeOutcome::Done);
    assert_eq!(
        told_at_till,
        ["approved", "approved", "declined limit", "declined", "pending", "pending"]
    );
    assert_eq!(
        ginza.authorise(&payments, "his", &payments.next_code(&other_payer), 600).outcome(),
        "approved"
    );

    let owner_page = page(&hanako, None);
    let expected = [
        ("open", 500, PaymentState::Waiting),
        ("never", 400, PaymentState::Cancelled),
        ("empty", 300, PaymentState::CardDeclined),
        ("much", 5001, PaymentState::OverLimit),
        ("back", 200, PaymentState::Refunded),
        ("paid", 100, PaymentState::Paid),
    ];
    assert_eq!(rows(&owner_page), expected);
    assert!(!owner_page.earlier && owner_page.decimals == 0);
    assert!(owner_page.payments.iter().all(|it| it.shop.as_str() == "Tegata Ginza"));
    assert!(owner_page.payments.iter().all(|it| it.currency.as_str() == "JPY"));
    let times: Vec<_> = owner_page.payments.iter().map(|it| it.time).collect();
    assert!(times.is_sorted_by(|later, earlier| later > earlier), "{times:?}");
    let all = serde_json::to_string(&owner_page).unwrap();
    assert!(codes.iter().all(|code| !all.contains(code.as_str())), "a code is in it");

    let his_page = page(&taro, None);
    assert_eq!(rows(&his_page), [("his", 600, PaymentState::Paid)]);
    // Another account's number names a place in the order of all payments, and shows nothing of that account.
    let after_his = page(&hanako, Some(his_page.payments[0].payment));
    assert_eq!(rows(&after_his), expected);
    let body = json!({}).to_string();
    assert_eq!(issuer.post("/v1/payments", &[], body.as_bytes()).status, 401);
}

fn pages_have_each_payment_once(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let hanako = issuer.signed_up_shopper(HANAKO);
    let owner_payer = payments.payer_of(&hanako, 1);
    payments.till("till-1");
    let account = payments.blob(&owner_payer.account.0);
    let inserts = |numbers: std::ops::Range<u8>| {
        for n in numbers {
            let mut id = [1; 16];
            id[15] = n;
            let id = payments.blob(&id);
            payments.sql(&format!(
                "INSERT INTO authorisations (authorisation, account, credential, counter, till, \
                 reference, amount, currency, day, state, made, changed, version) VALUES ({id}, \
                 {account}, {account}, 1, 'till-1', 'sale-{n}', {n}, 'JPY', 1, 'charged', 9, 9, 1)"
            ));
        }
    };
    inserts(1..101);
    let first = page(&hanako, None);
    assert_eq!((first.payments.len(), first.earlier), (100, false), "a page that is just full");
    inserts(101..202);
    let mut amounts = Vec::new();
    let mut before = None;
    loop {
        let page = page(&hanako, before);
        amounts.extend(page.payments.iter().map(|it| it.amount));
        before = page.payments.last().map(|it| it.payment);
        if !page.earlier {
            break;
        }
        assert_eq!(page.payments.len(), 100);
    }
    assert_eq!(amounts, (1..=201).rev().collect::<Vec<u64>>());
    assert!(page(&hanako, before).payments.is_empty());
}

fn a_charge_a_void_and_a_refund_are_told_once_each(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let hanako = issuer.signed_up_shopper(HANAKO);
    let owner_payer = payments.payer_of(&hanako, 1);
    let till = payments.till("till-1");
    let says = |outcome| *issuer.processor.lock().unwrap() = outcome;
    let asks = |what: &str, amount| {
        till.authorise(&payments, what, &payments.next_code(&owner_payer), amount)
    };
    assert_eq!(asks("sale-1", 1980).outcome(), "approved");
    // The same sale again is the same payment, and gets no second mail.
    let again = till.authorise_as(
        &payments,
        "once-more",
        "sale-1",
        &payments.next_code(&owner_payer),
        1980,
    );
    assert_eq!(again.outcome(), "approved");
    says(ChargeOutcome::Declined);
    assert_eq!(asks("sale-2", 700).outcome(), "declined");
    says(ChargeOutcome::Pending);
    assert_eq!(asks("sale-3", 800).outcome(), "pending");
    for _ in 0..2 {
        assert_eq!(payments.void(&till, &json!({ "reference": "sale-3" })).outcome(), "voided");
    }
    for _ in 0..2 {
        assert_eq!(payments.void(&till, &json!({ "reference": "sale-1" })).outcome(), "reversing");
    }
    says(ChargeOutcome::Done);
    for _ in 0..2 {
        assert_eq!(payments.void(&till, &json!({ "reference": "sale-1" })).outcome(), "refunded");
    }
    assert_eq!(issuer.settled_mail_count(HANAKO), 4, "a sign-up's, and three receipts");
    let mails = issuer.mails(HANAKO, 4);
    let mail = |subject: &str| {
        let mut ours = mails.iter().filter(|(is, _)| is == subject);
        let (Some((_, body)), None) = (ours.next(), ours.next()) else {
            panic!("{subject}: {mails:?}")
        };
        body
    };
    for (subject, time, reference) in [
        ("Receipt: ¥1,980 at Tegata Ginza", "2027-01-15 17:00 (UTC+09:00)", "sale-1"),
        ("Cancelled: ¥800 at Tegata Ginza", "2027-01-15 17:02 (UTC+09:00)", "sale-3"),
        ("Refund: ¥1,980 from Tegata Ginza", "2027-01-15 17:00 (UTC+09:00)", "sale-1"),
    ] {
        let body = mail(subject);
        for part in [time, reference, "Tegata Ginza"] {
            assert!(body.contains(part), "{body} has no {part}");
        }
        assert!(!body.contains("http") && !body.contains('{'), "{body}");
    }
    let account = owner_payer.account;
    let lines = |deed: &str| {
        let count = format!(
            "SELECT COUNT(*) FROM events WHERE detail LIKE '%{account}%' AND deed = 'payment_{deed}'"
        );
        payments.number(&count)
    };
    let deeds = ["authorised", "charged", "declined", "voided", "reversing", "refunded"].map(lines);
    assert_eq!(deeds, [3, 1, 1, 1, 1, 1]);
    // The export says that no operator did any of it.
    let export = tegata::protocol::ExportAccount { before: None };
    issuer.advance_clock(30);
    hanako.verify_factor().unwrap();
    let all = hanako.call_in_session(&export).unwrap();
    let entries = all.events.iter().filter(|event| event.deed.starts_with("payment_")).count();
    assert_eq!(entries, 8, "each line of their payments, once");
    assert!(all.events.iter().all(|event| !event.by_operator));
}

fn a_payment_in_the_second_of_a_freeze_is_declined_and_shown(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let hanako = issuer.signed_up_shopper(HANAKO);
    let owner_payer = payments.payer_of(&hanako, 1);
    let till = payments.till("till-1");
    assert_eq!(
        till.authorise(&payments, "before", &payments.code(&owner_payer, 0, None), 100).outcome(),
        "approved"
    );
    hanako.call_in_session(&FreezeAccount {}).unwrap();
    let frozen_at = issuer.now();
    assert_eq!(
        till.authorise(&payments, "after", &payments.code(&owner_payer, 1, None), 100).outcome(),
        "declined held"
    );
    let page = page(&hanako, None);
    let mut shown = rows(&page);
    // Of what happened within one second nobody knows the order.
    shown.sort_unstable_by_key(|(reference, ..)| *reference);
    let expected = [("after", 100, PaymentState::Held), ("before", 100, PaymentState::Paid)];
    assert_eq!(shown, expected);
    assert!(page.payments.iter().all(|it| it.time == frozen_at));
}

/// All of it real: receipts of forty payments wait when the owner logs in on another device, and all are due at once.
#[test]
fn a_log_in_notice_goes_out_before_older_receipts() {
    const RECEIPTS: u8 = 40;
    let issuer = TestIssuer::new();
    let payments = TestPayments::new(&issuer);
    let hanako = issuer.signed_up_shopper(HANAKO);
    let owner_payer = payments.payer_of(&hanako, 1);
    payments.till("till-1");
    let account = payments.blob(&owner_payer.account.0);
    let due = issuer.now().seconds() + 1000;
    let mailed = issuer.mailbox.mails().len();
    // Nothing goes out before that moment.
    payments.sql(&format!(
        "CREATE TRIGGER waits AFTER INSERT ON outbox BEGIN \
         UPDATE outbox SET not_before = {due} - 10 * NEW.rank WHERE mail = NEW.mail; END"
    ));
    for n in 0..RECEIPTS {
        let id = payments.blob(&[n + 1; 16]);
        payments.sql(&format!(
            "INSERT INTO authorisations (authorisation, account, credential, counter, till, \
             reference, amount, currency, day, state, made, changed, version) VALUES ({id}, \
             {account}, {account}, 1, 'till-1', 'sale-{n}', {n}, 'JPY', 1, 'authorised', 9, 9, 1); \
             INSERT INTO charges_open VALUES ({id}, 9)"
        ));
        let id = AuthorisationId([n + 1; 16]);
        payments.threads.block_on(async {
            let it = payments.store.authorisation(id).await.unwrap().unwrap();
            payments
                .store
                .transition(it, AuthorisationState::Charged, issuer.now(), payments.notices())
                .await
                .unwrap();
        });
    }
    let mut elsewhere = hanako.clone();
    elsewhere.device = issuer.device();
    elsewhere.complete_log_in(PASSWORD).unwrap();
    let waiting = payments.number("SELECT COUNT(*) FROM outbox WHERE rank = 1");
    assert_eq!(waiting, i64::from(RECEIPTS));
    assert_eq!(issuer.mailbox.mails().len(), mailed, "all of it waits");
    issuer.advance_clock(due - issuer.now().seconds());
    let all = || issuer.mailbox.mails().split_off(mailed);
    while all().len() <= RECEIPTS.into() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let place = all().iter().position(|mail| !mail.body.contains("sale")).unwrap();
    // Of the first sixteen that go out at the same time.
    assert!(place < 16, "{place}");
}
