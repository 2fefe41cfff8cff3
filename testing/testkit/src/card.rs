//! Cards of the sandbox: registered by a shopper, or put into a payer's account; and whether a charge is still open.

use tegata::protocol::{AddCard, BeginCardSetup, CardSetup, Cards};
use tegata_issuer::domain::MethodId;
use tegata_issuer::processor::{Processor, RequestKey, Stripe};

use crate::payments::{TestPayer, TestPayments};
use crate::shopper::{IssuerResult, TestShopper};

impl TestShopper<'_> {
    /// Registers this card of the sandbox and adds it: from the first message to the list of cards.
    pub fn add_card(&self, card: &str) -> IssuerResult<Cards> {
        let setup = self.call_in_session(&BeginCardSetup {})?;
        assert_eq!(self.fill_in_card_form(&setup, card, None), "succeeded");
        self.call_in_session(&AddCard { setup: setup.setup })
    }

    /// Fills in the sandbox's card form; gives the result that it shows. Nobody has to be logged in for that.
    pub fn fill_in_card_form(
        &self,
        setup: &CardSetup,
        card: &str,
        confirmation: Option<bool>,
    ) -> String {
        let entry = serde_json::json!({
            "client_secret": setup.client_secret.expose(), "card": card, "confirmation": confirmation,
        });
        let answer = self.issuer.post("/dev/card-form", &[], entry.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        answer["result"].as_str().unwrap().to_owned()
    }
}

/// Adds this card of the sandbox to a payer's account, to be charged from now on.
pub fn add_card(payments: &TestPayments<'_>, payer: &TestPayer, stripe: &Stripe, token: &str) {
    let card = payments.threads.block_on(async {
        let key = |what: &str| format!("{what}-{}", payer.account);
        let customer = stripe.customer(RequestKey(&key("customer"))).await.unwrap();
        let token = MethodId::new(token).unwrap();
        let card = stripe.attach(&customer, &token, RequestKey(&key("attach"))).await.unwrap();
        payments.store.store_customer(payer.account, customer).await.unwrap();
        card
    });
    let account = payments.blob(&payer.account.0);
    payments.sql(&format!(
        "INSERT INTO cards VALUES ({account}, {account}, '{}', '{}', '{}', 0, 1, NULL)",
        card.method, card.brand, card.last4
    ));
}

/// Whether a payment is under way that the issuer has still to settle.
pub fn has_open_charges(payments: &TestPayments<'_>) -> bool {
    let open = payments.threads.block_on(payments.store.open_payment_counts()).unwrap();
    open.authorised + open.charging + open.reversing > 0
}
