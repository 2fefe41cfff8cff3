//! Cards of the sandbox for payers, and whether a charge is still open.

use tegata_issuer::domain::MethodId;
use tegata_issuer::processor::{Processor, RequestKey, Stripe};

use crate::payments::{TestPayer, TestPayments};

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
        "INSERT INTO cards VALUES ({account}, {account}, '{}', '{}', '{}', 0, 1)",
        card.method, card.brand, card.last4
    ));
}

/// Whether a payment is under way that the issuer has still to settle.
pub fn has_open_charges(payments: &TestPayments<'_>) -> bool {
    let open = payments.threads.block_on(payments.store.open_payment_counts()).unwrap();
    open.authorised + open.charging + open.reversing > 0
}
