//! A shopper at the tills of a running issuer: they read a till's card, pay there and nowhere else, and see what they have
//! paid, with the issuer and without it.

mod operator;

use std::io::Read;

use serde_json::{Value, json};
use tegata::code::ShopName;
use tegata_issuer::admin::Operator;
use tegata_issuer::domain::{Environment, Reason};

use crate::command::{document, done, failed, text};
use tegata_testkit::TestIssuer;

use crate::{CliShopper, HANAKO};

/// A till that was enrolled.
pub(crate) struct EnrolledTill<'a> {
    issuer: &'a TestIssuer,
    token: String,
    pub(crate) card: String,
}

impl<'a> EnrolledTill<'a> {
    pub(crate) fn new(issuer: &'a TestIssuer, id: &str, shop: &str) -> Self {
        let config = toml::from_str(&issuer.settings).unwrap();
        let operator = Operator::open(config, Environment::system()).unwrap();
        let reason = Reason::new("ann", "a test").unwrap();
        let shop = ShopName::new(shop).unwrap();
        let code = operator.add_till(id.parse().unwrap(), shop, &reason).unwrap();
        let mut till = Self { issuer, token: String::new(), card: String::new() };
        let enrolled = till.posts("/v1/tills", "-", &json!({ "code": code.text().expose() }));
        enrolled["token"].as_str().unwrap().clone_into(&mut till.token);
        let request = agent().get(format!("{}/v1/till", issuer.url()));
        let mut answer = request.header("Authorization", till.bearer()).call().unwrap();
        let view: Value = serde_json::from_reader(answer.body_mut().as_reader()).unwrap();
        view["card"].as_str().unwrap().clone_into(&mut till.card);
        till
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn posts(&self, path: &str, key: &str, body: &Value) -> Value {
        let request = agent().post(format!("{}{path}", self.issuer.url()));
        let request = request.header("Authorization", self.bearer()).header("Idempotency-Key", key);
        let mut answer =
            request.content_type("application/json").send(body.to_string().as_bytes()).unwrap();
        let mut text = String::new();
        answer.body_mut().as_reader().read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Scans a code for a sale, and says what the cashier sees.
    pub(crate) fn scans(&self, sale: &str, code: &str, amount: u64) -> String {
        let body = json!({ "code": code, "amount": amount, "currency": "JPY", "reference": sale });
        let printed = self.posts("/v1/authorisations", sale, &body);
        let word = |name: &str| printed[name].as_str().unwrap_or_default().to_owned();
        [word("status"), word("reason")].join(" ").trim().to_owned()
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// The next code for the till of this card.
pub(crate) fn code_for(person: &CliShopper, card: &str) -> Value {
    document(&person.run(&["pay", "--till", card, "--json"]))
}

fn history(person: &CliShopper, args: &[&str]) -> Value {
    let output = person.run(&[&["history", "--json"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    document(&output)
}

/// Makes no code for a card of another issuer, a changed one, or what is no card.
fn refuses_other_cards(hanako: &CliShopper, ginza: &EnrolledTill<'_>) {
    let elsewhere = TestIssuer::with_sandbox();
    let strange = EnrolledTill::new(&elsewhere, "till-1", "Tegata 銀座").card;
    let refused = hanako.run(&["pay", "--till", &strange]);
    failed(&refused, 1, "not a till of this issuer: the card is signed with another key; no code");
    let at = ginza.card.len() - 60;
    let other = if &ginza.card[at..=at] == "A" { "B" } else { "A" };
    let mut changed = ginza.card.clone();
    changed.replace_range(at..=at, other);
    failed(&hanako.run(&["pay", "--till", &changed]), 1, "signed with another key");
    let long = format!("{}{}", ginza.card, "A".repeat(400));
    let cut = &ginza.card[..40];
    for none in [long.as_str(), cut, "tegata-till:", "https://tegata.example/till", ""] {
        failed(&hanako.run(&["pay", "--till", none]), 2, "not a till id");
    }
    let by_hand =
        ["add", "payment", "--seed", "@seed.hex", "--prefix", "4960", "--label", "By hand"];
    done(&hanako.run(&by_hand));
    let refused = hanako.run(&["pay", "By hand", "--till", &ginza.card]);
    failed(&refused, 1, "this credential has no issuer key");
}

#[test]
fn a_till_bound_code_pays_at_its_till_only() {
    let issuer = TestIssuer::with_sandbox();
    let mut hanako = CliShopper::new();
    hanako.signs_up(&issuer);
    done(&hanako.run(&["cards", "add", "pm_card_visa"]));
    let nothing = done(&hanako.run(&["history"])).to_owned();
    assert!(nothing.starts_with("hanako@example.org has no payments yet, as of "), "{nothing}");

    let ginza = EnrolledTill::new(&issuer, "till-1", "Tegata 銀座");
    let ueno = EnrolledTill::new(&issuer, "till-2", "Tegata Ueno");
    let file = hanako.file("card", &format!("{}\n", ginza.card));
    let code = code_for(&hanako, &file);
    let shown = json!({ "till": "till-1", "shop": "Tegata 銀座", "issuer": "Tegata" });
    assert_eq!(code["for"], shown);
    let digits = code["code"].as_str().unwrap();
    assert_eq!(ueno.scans("wrong-shop", digits, 1980), "declined not_valid");
    assert_eq!(ginza.scans("sale-1", digits, 1980), "approved");
    assert_eq!(ginza.scans("sale-2", digits, 1980), "declined used");
    let words = done(&hanako.run(&["pay", "--till", &ueno.card])).to_owned();
    assert!(words.ends_with("\n\nFor Tegata Ueno only, its till till-2\n"), "{words}");

    refuses_other_cards(&hanako, &ginza);

    // What was paid, and went back.
    let list = history(&hanako, &[]);
    assert_eq!((&list["fresh"], &list["earlier"]), (&json!(true), &json!(false)));
    assert_eq!(list["payments"].as_array().unwrap().len(), 1);
    let paid = &list["payments"][0];
    let parts = ["shop", "reference", "amount", "currency", "state"].map(|part| paid[part].clone());
    assert_eq!(json!(parts), json!(["Tegata 銀座", "sale-1", 1980, "JPY", "paid"]));
    assert!(mail(&issuer, "Receipt: ¥1,980 at Tegata 銀座").contains("sale-1"));
    ginza.posts("/v1/voids", "void", &json!({ "reference": "sale-1" }));
    let receipt = done(&hanako.run(&["history", "--receipt", "1"])).to_owned();
    for line in [
        "Amount:     ¥1,980\n",
        "Shop:       Tegata 銀座\n",
        "Reference:  sale-1\n",
        "State:      refunded: the money was refunded to your card\n",
    ] {
        assert!(receipt.contains(line), "{receipt}");
    }
    mail(&issuer, "Refund: ¥1,980 from Tegata 銀座");
    failed(&hanako.run(&["history", "--receipt", "2"]), 1, "there is no payment 2, only 1");

    // Payments of one second stand in no order.
    issuer.clock.advance(1);
    // The owner freezes the account: from that second on nothing is paid, and that is shown.
    done(&hanako.run(&["freeze"]));
    let provisioned = document(&hanako.run(&["list", "--json"]));
    let provisioned = id_of_provisioned(&provisioned);
    let pay = ["pay", provisioned.as_str(), "--till", &ginza.card, "--json"];
    let code = document(&hanako.run(&pay));
    assert_eq!(ginza.scans("frozen", code["code"].as_str().unwrap(), 100), "declined held");
    let words = done(&hanako.run(&["history"])).to_owned();
    let mut lines = words.lines();
    assert!(lines.next().unwrap().starts_with("Payments of hanako@example.org, as of "), "{words}");
    assert!(lines.next().unwrap().ends_with("¥100  declined        Tegata 銀座"), "{words}");
    assert!(lines.next().unwrap().ends_with("¥1,980  refunded        Tegata 銀座"), "{words}");

    // The issuer is gone: the last known history is shown, and it is sealed in the wallet.
    let seen = history(&hanako, &[])["seen"].clone();
    issuer.stop();
    let output = hanako.run(&["history", "--json"]);
    assert!(text(&output.stderr).starts_with("Showing stored payments: the issuer "));
    let kept = document(&output);
    assert_eq!((&kept["fresh"], &kept["seen"]), (&json!(false), &seen));
    let states: Vec<_> =
        kept["payments"].as_array().unwrap().iter().map(|it| it["state"].clone()).collect();
    assert_eq!(states, ["held", "refunded"]);
    let file = hanako.wallet.bytes();
    for clear in ["sale-1", "銀座", HANAKO] {
        assert!(!file.windows(clear.len()).any(|bytes| bytes == clear.as_bytes()), "{clear}");
    }
}

fn id_of_provisioned(list: &Value) -> String {
    let all = list.as_array().unwrap();
    let ours = all.iter().find(|it| it["kind"] == "payment" && it["label"] != "By hand");
    ours.unwrap()["id"].as_str().unwrap().to_owned()
}

/// The text of the one mail to the shopper with this subject, once it has come.
fn mail(issuer: &TestIssuer, subject: &str) -> String {
    for _ in 0..600 {
        let mails = issuer.mailbox.mails();
        let ours: Vec<_> = mails
            .iter()
            .filter(|mail| mail.to.address() == HANAKO && mail.subject == subject)
            .collect();
        if let [mail] = ours[..] {
            return mail.body.clone();
        }
        assert!(ours.is_empty(), "{subject}: more than one");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("no mail says {subject}");
}
