//! Accounts that are charged at a sandbox of the test's own: their cards, and whether a charge is still under way.

use tegata_issuer::processor::{Key, MethodId, Processor, Stripe};

use crate::desk::{Desk, Shopper};

/// The account is charged with this card of the sandbox's from now on.
pub(crate) fn gives_card(desk: &Desk<'_>, shopper: &Shopper, stripe: &Stripe, token: &str) {
    let card = desk.threads.block_on(async {
        let key = |what: &str| format!("{what}-{}", shopper.account);
        let customer = stripe.customer(Key(&key("customer"))).await.unwrap();
        let token = MethodId::new(token).unwrap();
        let card = stripe.attach(&customer, &token, Key(&key("attach"))).await.unwrap();
        desk.store.keep_customer(shopper.account, customer).await.unwrap();
        card
    });
    let account = desk.blob(&shopper.account.0);
    desk.sql(&format!(
        "INSERT INTO cards VALUES ({account}, {account}, '{}', '{}', '{}', 0, 1)",
        card.method, card.brand, card.last4
    ));
}

/// Whether something is under way that the issuer has still to end.
pub(crate) fn is_at_work(desk: &Desk<'_>) -> bool {
    let open = desk.threads.block_on(desk.store.under_way()).unwrap();
    open.authorised + open.charging + open.reversing > 0
}
