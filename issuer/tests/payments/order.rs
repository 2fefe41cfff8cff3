//! The order of an authorisation, row by row.

use serde_json::json;
use tegata::code::{AliasKey, AliasPeriod, Scheme, Seed, Step};
use tegata::formats::otpauth;
use tegata::vault::OtpCredential;
use tegata_issuer::admin::RequestKinds;
use tegata_issuer::payments::ChargeOutcome;
use tegata_issuer::store::{AdminCommand, KillSwitch};
use tegata_policy::Event;

use tegata_testkit::TestIssuer;
use tegata_testkit::{TestPayments, payments::reason};

tegata_testkit::on_both! {
    codes_of_a_prefix_that_came_into_use_meanwhile_are_taken,
    a_code_is_taken_once_and_the_card_is_charged,
    a_new_credential_starts_its_codes_over_and_ends_the_old,
    the_same_key_gives_the_same_answer_and_is_for_one_body,
    what_is_not_of_the_form_is_a_problem_and_counts_for_nothing,
    a_stopped_payment_uses_no_code_and_replays_still_work,
    a_code_for_one_till_is_worth_nothing_at_another,
    two_credentials_of_one_alias_are_told_apart_or_none_pays,
    a_till_past_its_attempts_waits_minutes_and_the_shopper_does_not,
    scans_that_are_no_code_count_for_nothing,
    a_credential_past_its_attempts_at_one_till_pays_at_another,
    an_account_that_pays_nothing_uses_its_code_all_the_same,
    codes_of_the_time_around_a_restore_count_as_used,
    what_the_processor_says_is_what_the_till_is_told,
    a_value_of_an_authenticator_is_worth_nothing_at_a_till,
}

fn a_code_is_taken_once_and_the_card_is_charged(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let other = payments.till("till-2");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    let result = till.authorise(&payments, "sale-1", &code, 1980);
    assert_eq!(result.outcome(), "approved");
    let id = result.id().to_owned();
    assert_eq!(
        result.body,
        json!({
            "id": id, "status": "approved", "amount": 1980, "currency": "JPY",
            "reference": "sale-1", "time": issuer.now().seconds(),
        })
    );
    assert_eq!(till.authorise(&payments, "sale-2", &code, 1980).outcome(), "declined used");
    assert_eq!(other.authorise(&payments, "sale-1", &code, 1980).outcome(), "declined used");
    assert_eq!(payments.get(&till, &format!("/v1/authorisations/{id}")), result);
    assert_eq!(payments.get(&other, &format!("/v1/authorisations/{id}")).outcome(), "not-found");
    assert_eq!(payments.get(&till, "/v1/authorisations/1").outcome(), "not-found");
    let last = payments.get(&till, "/v1/authorisations");
    assert_eq!(last.body, json!({ "authorisations": [result.body] }));
    // The next of the same half minute is another code; one before it counts as used then.
    let first = payments.code(&shopper, 1, None);
    let third = payments.code(&shopper, 2, None);
    assert_eq!(till.authorise(&payments, "sale-3", &third, 100).outcome(), "approved");
    assert_eq!(till.authorise(&payments, "sale-4", &first, 100).outcome(), "declined used");
    // One step to either side.
    let code = payments.next_code(&shopper);
    issuer.advance_clock(59);
    assert_eq!(till.authorise(&payments, "sale-5", &code, 100).outcome(), "approved");
    let code = payments.next_code(&shopper);
    issuer.advance_clock(60 - issuer.now().seconds() % 30);
    assert_eq!(till.authorise(&payments, "sale-6", &code, 100).outcome(), "declined not_valid");
}

fn a_new_credential_starts_its_codes_over_and_ends_the_old(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let mut shopper = payments.payer(1);
    let [first, last] = [0, 3].map(|nth| payments.code(&shopper, nth, None));
    let third = payments.code(&shopper, 2, None);
    assert_eq!(till.authorise(&payments, "sale-1", &third, 100).outcome(), "approved");
    shopper.seed = Seed::from_slice(&[2; 32]).unwrap();
    let made = payments.provision(shopper.account, shopper.session, &shopper.seed, issuer.now());
    payments.threads.block_on(made);
    // Of the same half minute, and before the one that the old credential's last code was.
    let anew = payments.code(&shopper, 1, None);
    assert_eq!(till.authorise(&payments, "sale-2", &anew, 100).outcome(), "approved");
    assert_eq!(till.authorise(&payments, "sale-3", &anew, 100).outcome(), "declined used");
    for (what, code) in [("a", &first), ("b", &third), ("c", &last)] {
        assert_eq!(till.authorise(&payments, what, code, 100).outcome(), "declined not_valid");
    }
    // A payment that was looked for just before: one more credential has paid by now.
    payments.sql("UPDATE payers SET counter_of = counter_of + 1");
    let next = payments.next_code(&shopper);
    assert_eq!(till.authorise(&payments, "sale-5", &next, 100).outcome(), "declined not_valid");
}

fn the_same_key_gives_the_same_answer_and_is_for_one_body(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let other = payments.till("till-2");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    let first = till.authorise_as(&payments, "key", "sale", &code, 100);
    assert_eq!(first.outcome(), "approved");
    issuer.advance_clock(3600);
    issuer.restart();
    assert_eq!(till.authorise_as(&payments, "key", "sale", &code, 100), first);
    assert_eq!(till.authorise_as(&payments, "key", "sale", &code, 101).outcome(), "key-reused");
    assert_eq!(till.authorise_as(&payments, "key", "sale-2", &code, 100).outcome(), "key-reused");
    // No is kept, too; and a key is one till's.
    let wrong = "4960".to_owned() + &"0".repeat(20);
    assert_eq!(till.authorise(&payments, "no", &wrong, 100).outcome(), "declined not_valid");
    assert_eq!(
        till.authorise(&payments, "no", &payments.next_code(&shopper), 100).outcome(),
        "key-reused"
    );
    assert_eq!(till.authorise(&payments, "no", &wrong, 100).outcome(), "declined not_valid");
    let code = payments.next_code(&shopper);
    assert_eq!(other.authorise_as(&payments, "key", "sale", &code, 100).outcome(), "approved");
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations"), 2);
}

/// Another process is started with another prefix while this one runs.
fn codes_of_a_prefix_that_came_into_use_meanwhile_are_taken(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let other = Scheme { prefix: "777712".parse().unwrap(), alias_period: AliasPeriod::DAY };
    let code = payments.code_of(&shopper, &other, 0, None);
    assert_eq!(till.authorise(&payments, "garbage", &code, 100).outcome(), "declined not_valid");
    let wrong = "SELECT COALESCE(SUM(count), 0) FROM attempts";
    assert_eq!(payments.number(wrong), 0, "what no code begins with is no guess");
    payments.threads.block_on(payments.store.add_scheme(other)).unwrap();
    let step = Step::at(issuer.now());
    let alias = AliasKey::new(&shopper.seed).derive(&other.prefix, other.alias_period, step);
    let id = payments.blob(&shopper.credential.0);
    let period = other.alias_period.index(step);
    payments.sql(&format!(
        "UPDATE credentials SET prefix = '777712' WHERE credential = {id}; \
         INSERT INTO aliases (prefix, period, alias, credential) \
         VALUES ('777712', {period}, {}, {id})",
        alias.value()
    ));
    // It was looked for in this second: a flood of garbage does not read the database each time.
    assert_eq!(till.authorise(&payments, "too-soon", &code, 100).outcome(), "declined not_valid");
    issuer.advance_clock(1);
    assert_eq!(till.authorise(&payments, "sale", &code, 100).outcome(), "approved");
    assert_eq!(payments.number(wrong), 0, "nothing was counted against the till");
}

fn what_is_not_of_the_form_is_a_problem_and_counts_for_nothing(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    let body = |name: &str, value: serde_json::Value| {
        let mut body =
            json!({ "code": code, "amount": 100, "currency": "JPY", "reference": "sale" });
        body[name] = value;
        payments.post("/v1/authorisations", &till.headers("key"), &body).outcome()
    };
    for (name, value) in [
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", json!(1.5)),
        ("amount", json!("100")),
        ("amount", json!(1_000_000_000_000_u64)),
        ("currency", json!("jpy")),
        ("reference", json!("")),
        ("reference", json!("x".repeat(65))),
        ("code", json!("9".repeat(65))),
        ("till", json!("till-2")),
    ] {
        assert_eq!(body(name, value.clone()), "malformed", "{name} {value}");
    }
    assert_eq!(body("currency", json!("USD")), "other-currency");
    // More than the processor takes for one payment.
    for much in [4_294_967_296_u64, 999_999_999_999] {
        assert_eq!(body("amount", json!(much)), "too-much", "{much}");
    }
    assert_eq!(body("amount", json!(u32::MAX)), "declined limit");
    let right = json!({ "code": code, "amount": 100, "currency": "JPY", "reference": "sale" });
    let headers = &till.headers("key")[..1];
    assert_eq!(payments.post("/v1/authorisations", headers, &right).outcome(), "no-key");
    let headers = &till.headers("key")[1..];
    assert_eq!(payments.post("/v1/authorisations", headers, &right).outcome(), "no-such-till");
    assert_eq!(payments.number("SELECT COUNT(*) FROM attempts"), 0);
    let other = till.authorise(&payments, "sale-2", &payments.code(&shopper, 1, None), 100);
    assert_eq!(other.outcome(), "approved");
}

fn a_stopped_payment_uses_no_code_and_replays_still_work(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let before = payments.code(&shopper, 0, None);
    let first = till.authorise(&payments, "sale-1", &before, 100);
    payments.operator().stop(RequestKinds::Only(&[KillSwitch::Payments]), &reason()).unwrap();
    let code = payments.code(&shopper, 1, None);
    assert_eq!(till.authorise(&payments, "sale-2", &code, 100).outcome(), "declined stopped");
    assert_eq!(till.authorise(&payments, "sale-1", &before, 100), first);
    let again = till.authorise_as(&payments, "again", "sale-1", &code, 100);
    assert_eq!(again.outcome(), "declined stopped", "no code is looked at");
    // Voids work, and what is not known means stopped.
    assert_eq!(payments.void(&till, &json!({ "reference": "sale-1" })).outcome(), "refunded");
    payments.operator().resume(RequestKinds::All, &reason()).unwrap();
    payments.sql("UPDATE standing SET stopped = 64");
    assert_eq!(till.authorise(&payments, "sale-2", &code, 100).outcome(), "declined stopped");
    payments.sql("DELETE FROM standing");
    assert_eq!(till.authorise(&payments, "sale-2", &code, 100).outcome(), "declined stopped");
    payments.sql("INSERT INTO standing VALUES (1, 0, 0, 0)");
    assert_eq!(till.authorise(&payments, "sale-2", &code, 100).outcome(), "approved");
}

fn a_code_for_one_till_is_worth_nothing_at_another(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let other = payments.till("till-2");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, Some(&till));
    assert_eq!(other.authorise(&payments, "sale", &code, 100).outcome(), "declined not_valid");
    assert_eq!(till.authorise(&payments, "sale", &code, 100).outcome(), "approved");
    // It puts the codes for any till of its step behind it.
    let any = payments.code(&shopper, 4, None);
    assert_eq!(till.authorise(&payments, "sale-2", &any, 100).outcome(), "declined used");
}

fn two_credentials_of_one_alias_are_told_apart_or_none_pays(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let one = payments.payer(1);
    let two = payments.payer(2);
    let id = |shopper: &tegata_testkit::TestPayer| payments.blob(&shopper.credential.0);
    payments.sql(&format!(
        "INSERT INTO aliases (prefix, period, alias, credential) \
         SELECT prefix, period, alias, {} FROM aliases WHERE credential = {}",
        id(&two),
        id(&one)
    ));
    let code = payments.code(&one, 0, None);
    assert_eq!(till.authorise(&payments, "sale-1", &code, 100).outcome(), "approved");
    let spent =
        format!("SELECT SUM(spent) FROM payers WHERE account = {}", payments.blob(&one.account.0));
    assert_eq!(payments.number(&spent), 100);
    // The same seed under two accounts: what never happens by chance.
    let seed = Seed::from_slice(&[9; 32]).unwrap();
    let twins = [payments.payer_with_seed(seed.clone()), payments.payer_with_seed(seed)];
    let code = payments.code(&twins[0], 0, None);
    assert_eq!(till.authorise(&payments, "sale-2", &code, 100).outcome(), "declined try_again");
    assert_eq!(payments.number("SELECT COUNT(*) FROM authorisations"), 1);
}

/// Of this shopper's alias, and nobody's otherwise.
fn guess(code: &str, n: u32) -> String {
    let (head, otp) = code.split_at(16);
    let wrong = (otp.parse::<u32>().unwrap() + 1 + n) % 100_000_000;
    format!("{head}{wrong:08}")
}

fn a_till_past_its_attempts_waits_minutes_and_the_shopper_does_not(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let other = payments.till("till-2");
    let shopper = payments.payer(1);
    let wrong = |key: &str| {
        till.authorise(&payments, key, &("4960".to_owned() + &"1".repeat(20)), 100).outcome()
    };
    let pays =
        |key: &str| till.authorise(&payments, key, &payments.next_code(&shopper), 100).outcome();
    for n in 0..199 {
        assert_eq!(wrong(&n.to_string()), "declined not_valid");
    }
    assert_eq!(pays("good"), "approved", "one is left");
    assert_eq!(wrong("199"), "declined not_valid");
    assert_eq!(wrong("200"), "declined stopped");
    assert_eq!(pays("201"), "declined stopped");
    issuer.restart();
    let code = payments.code(&shopper, 0, None);
    assert_eq!(till.authorise(&payments, "202", &code, 100).outcome(), "declined stopped");
    assert_eq!(other.authorise(&payments, "203", &code, 100).outcome(), "approved");
    // A minute after the last one that counted, and any number of right ones then.
    issuer.advance_clock(30);
    assert_eq!(pays("204"), "approved");
    assert_eq!(pays("205"), "approved");
    // Each further one makes the till wait longer, and never longer than a quarter of an hour.
    for (n, minutes) in [2, 4, 8, 15, 15, 15].into_iter().enumerate() {
        assert_eq!(wrong(&format!("wrong-{n}")), "declined not_valid");
        issuer.advance_clock(minutes * 60 - 31);
        assert_eq!(pays(&format!("early-{n}")), "declined stopped", "{minutes}");
        assert_eq!(pays(&format!("late-{n}")), "approved", "{minutes}");
    }
}

fn scans_that_are_no_code_count_for_nothing(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let unknown_prefix = "1234".to_owned() + &"1".repeat(20);
    for (n, bad) in ["not a code", "", "4901234567894", &unknown_prefix, "4960"].iter().enumerate()
    {
        for m in 0..60 {
            let key = format!("{n}-{m}");
            assert_eq!(till.authorise(&payments, &key, bad, 100).outcome(), "declined not_valid");
        }
    }
    assert_eq!(payments.number("SELECT COUNT(*) FROM attempts"), 0);
    let code = payments.code(&shopper, 0, None);
    assert_eq!(till.authorise(&payments, "good", &code, 100).outcome(), "approved");
}

fn a_credential_past_its_attempts_at_one_till_pays_at_another(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let other = payments.till("till-2");
    let shopper = payments.payer(1);
    let code = payments.code(&shopper, 0, None);
    for n in 0..9 {
        let key = n.to_string();
        assert_eq!(
            till.authorise(&payments, &key, &guess(&code, n), 100).outcome(),
            "declined not_valid"
        );
    }
    assert_eq!(till.authorise(&payments, "a", &code, 100).outcome(), "approved", "one is left");
    let code = payments.code(&shopper, 1, None);
    assert_eq!(
        till.authorise(&payments, "9", &guess(&code, 9), 100).outcome(),
        "declined not_valid"
    );
    issuer.restart();
    assert_eq!(
        till.authorise(&payments, "b", &code, 100).outcome(),
        "declined not_valid",
        "none is left"
    );
    assert_eq!(other.authorise(&payments, "b", &code, 100).outcome(), "approved");
    // A hundred in all, and no till is left for the day.
    for n in 0..9 {
        let till = payments.till(&format!("guesser-{n}"));
        for m in 0..10 {
            till.authorise(&payments, &m.to_string(), &guess(&code, 100 + n * 10 + m), 100);
        }
    }
    let code = payments.code(&shopper, 2, None);
    assert_eq!(other.authorise(&payments, "c", &code, 100).outcome(), "declined not_valid");
}

fn an_account_that_pays_nothing_uses_its_code_all_the_same(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    let session = shopper.session;
    let code = payments.code(&shopper, 0, None);
    payments.apply_event(&shopper, move || Event::Freeze { session, signer: None });
    let result = till.authorise(&payments, "frozen", &code, 100);
    assert_eq!((result.outcome().as_str(), result.body["id"].is_string()), ("declined held", true));
    payments.apply_event(&shopper, move || Event::Unfreeze { session, with_recovery_code: false });
    assert_eq!(till.authorise(&payments, "thawed", &code, 100).outcome(), "declined used");
    assert_eq!(
        till.authorise(&payments, "next", &payments.code(&shopper, 1, None), 100).outcome(),
        "approved"
    );
    // Another credential: the one before is nobody's any more.
    let code = payments.code(&shopper, 2, None);
    let seed = Seed::from_slice(&[7; 32]).unwrap();
    let made = payments.provision(shopper.account, session, &seed, issuer.now());
    let credential = payments.threads.block_on(made);
    assert_eq!(till.authorise(&payments, "void", &code, 100).outcome(), "declined not_valid");
    let renewed = tegata_testkit::TestPayer { credential, seed, ..shopper };
    let code = payments.code(&renewed, 2, None);
    assert_eq!(till.authorise(&payments, "renewed", &code, 100).outcome(), "approved");
    // All are void at once.
    payments.operator().revoke_all(&reason()).unwrap();
    let code = payments.code(&renewed, 3, None);
    assert_eq!(till.authorise(&payments, "revoked", &code, 100).outcome(), "declined not_valid");
}

fn codes_of_the_time_around_a_restore_count_as_used(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let event = tegata_issuer::store::EventRow {
        id: tegata_issuer::domain::EventId([1; 16]),
        account: None,
        deed: "restored".to_owned(),
        actor: "operator".to_owned(),
        at: issuer.now(),
        detail: "{}".to_owned(),
    };
    payments
        .threads
        .block_on(
            payments
                .store
                .apply_admin_command(AdminCommand::FenceAfterRestore(issuer.now()), event),
        )
        .unwrap();
    // Provisioned after it.
    let shopper = payments.payer(1);
    for n in 0..4 {
        let code = payments.code(&shopper, 0, None);
        assert_eq!(
            till.authorise(&payments, &n.to_string(), &code, 100).outcome(),
            "declined used"
        );
        issuer.advance_clock(30);
    }
    assert_eq!(
        till.authorise(&payments, "4", &payments.code(&shopper, 0, None), 100).outcome(),
        "approved"
    );
}

fn what_the_processor_says_is_what_the_till_is_told(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let till = payments.till("till-1");
    let shopper = payments.payer(1);
    *issuer.processor.lock().unwrap() = ChargeOutcome::Declined;
    let result = till.authorise(&payments, "a", &payments.code(&shopper, 0, None), 100);
    assert_eq!((result.outcome().as_str(), &result.body["reason"]), ("declined", &json!(null)));
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 0);
    *issuer.processor.lock().unwrap() = ChargeOutcome::Pending;
    let code = payments.code(&shopper, 1, None);
    let result = till.authorise(&payments, "b", &code, 100);
    assert_eq!(result.outcome(), "pending");
    assert_eq!(till.authorise(&payments, "b", &code, 100).outcome(), "pending", "never try again");
    assert_eq!(payments.number("SELECT SUM(spent) FROM payers"), 100);
    assert_eq!(payments.operator().under_way().unwrap().authorised, 1);
}

/// What an authenticator shows is no code of a payment, however many digits it was set up for.
fn a_value_of_an_authenticator_is_worth_nothing_at_a_till(issuer: &TestIssuer) {
    let payments = TestPayments::new(issuer);
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    let till = payments.till("till-1");
    let shopper = payments.payer_of(&hanako, 1);
    let uri = hanako.authenticator.clone().unwrap();
    let eight = format!("{uri}&digits=8").replace("&digits=6", "");
    for (uri, digits) in [(uri, 6), (eight, 8)] {
        let shows: OtpCredential = otpauth::parse(uri.as_bytes()).unwrap();
        let value = shows.code(issuer.now()).unwrap().digits().to_owned();
        assert_eq!(value.len(), digits);
        // Nor with the digits that a code begins with, in the place of what would prove it.
        let code = payments.code(&shopper, 0, None);
        let in_code = format!("{}{value}", &code[..code.len() - digits]);
        for (nth, typed) in [value, in_code].into_iter().enumerate() {
            let sale = format!("{digits}-{nth}");
            assert_eq!(
                till.authorise(&payments, &sale, &typed, 100).outcome(),
                "declined not_valid"
            );
        }
    }
    assert_eq!(
        till.authorise(&payments, "paid", &payments.code(&shopper, 0, None), 100).outcome(),
        "approved"
    );
}
