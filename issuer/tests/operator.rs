//! What an operator does to an account, beside a service that runs: done, or said not to be.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use tegata::protocol::RequestDeletion;
use tegata_issuer::admin::{Operator, OperatorError};
use tegata_issuer::config::Config;
use tegata_issuer::domain::{AccountId, AccountRef, Reason};
use tegata_issuer::store::Store;
use tegata_policy::Account;
use tokio::runtime::Runtime;

use tegata_testkit::TestIssuer;

tegata_testkit::on_both! {
    freezing_what_is_no_account_is_refused_with_a_reason,
}

/// The one account that is so, once there is one.
fn only(issuer: &TestIssuer, is: fn(&Account) -> bool) -> AccountId {
    let config: Config = toml::from_str(&issuer.settings).unwrap();
    let threads = Runtime::new();
    threads.unwrap().block_on(async {
        let store = Store::open(&config.store).await.unwrap();
        for _ in 0..600 {
            let mut those = Vec::new();
            for (id, _) in
                store.accounts_made_before(issuer.now().shifted(1), None, 1000).await.unwrap()
            {
                let loaded = store.load(id).await.unwrap();
                those.extend(loaded.filter(|loaded| is(&loaded.state)).map(|_| id));
            }
            match those[..] {
                [] => tokio::time::sleep(Duration::from_millis(50)).await,
                [only] => return only,
                _ => panic!("several"),
            }
        }
        panic!("none")
    })
}

fn freezing_what_is_no_account_is_refused_with_a_reason(issuer: &TestIssuer) {
    let config: Config = toml::from_str(&issuer.settings).unwrap();
    let operator = Operator::open(config, tegata_issuer::domain::Environment::system()).unwrap();
    let reason = Reason::new("ann", "a test").unwrap();
    let not_done = |account| {
        for frozen in [true, false] {
            let told = operator.freeze(&AccountRef::Account(account), frozen, &reason);
            assert!(matches!(told, Err(OperatorError::NothingToFreeze)), "{told:?}");
        }
    };
    let mut hanako = issuer.new_shopper("hanako@example.org");
    let ticket = hanako.begin_sign_up().unwrap();
    not_done(only(issuer, |account| matches!(account, Account::PendingSignUp(_))));
    hanako.submit_first_mailed_code(&ticket).unwrap();
    not_done(only(issuer, |account| matches!(account, Account::PendingSignUp(_))));

    let taro = issuer.signed_up_shopper("taro@example.org");
    taro.call_in_session(&RequestDeletion {}).unwrap();
    issuer.advance_clock(7 * 24 * 60 * 60 + 60);
    issuer.restart();
    not_done(only(issuer, |account| *account == Account::Closed));
    let log = operator.last_events(1000).unwrap();
    assert!(log.iter().all(|event| !event.deed.contains("by_operator")), "{log:?}");
}
