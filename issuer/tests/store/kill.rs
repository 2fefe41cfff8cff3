//! `kill -9` during changes: each is written as a whole or not at all; answered ones are written; mails that were not
//! sent are due.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tegata::protocol::SessionId;
use tegata_issuer::domain::{AccountId, StoreUrl, TokenHash};
use tegata_issuer::store::{AccountChange, LoadedAccount, Store};
use tegata_policy::{SecretId, SecretKind};

use crate::shopper;
use crate::test_database::{TestDatabase, noon, server_key};

/// The environment variable with the address of the store that the child process writes to.
const WRITE_TO: &str = "TEGATA_TEST_WRITE_TO";

#[test]
fn sqlite() {
    each_change_is_whole_or_not_there("kill::sqlite", TestDatabase::sqlite);
}

#[test]
fn postgres() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    each_change_is_whole_or_not_there("kill::postgres", || {
        runtime.block_on(TestDatabase::postgres())
    });
}

fn each_change_is_whole_or_not_there(test: &str, database: impl FnOnce() -> TestDatabase) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Ok(place) = std::env::var(WRITE_TO) {
        return runtime.block_on(write_until_killed(StoreUrl::parse(&place).unwrap()));
    }
    let database = database();
    let place = match &database.place {
        StoreUrl::Sqlite(file) => format!("sqlite:{}", file.display()),
        StoreUrl::Postgres(url) => url.to_string(),
    };
    let mut answered: BTreeMap<String, u32> = BTreeMap::new();
    for round in 1..=4 {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", test, "--nocapture"]).env(WRITE_TO, &place);
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut answers = 0;
        for line in lines {
            let line = line.unwrap();
            let Some((account, n)) = line.strip_prefix("done ").and_then(|l| l.split_once(' '))
            else {
                continue;
            };
            answered.insert(account.to_owned(), n.parse().unwrap());
            answers += 1;
            // Read to the end: what was printed before the kill was committed before it.
            if answers == 30 * round {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(answers >= 30 * round, "{answers}");
        runtime.block_on(check(&database, &answered));
    }
    assert!(answered.len() >= 4, "an account of its own in each round at least");
}

async fn write_until_killed(place: StoreUrl) {
    let store = Store::open(&place).await.unwrap();
    let random = tegata::SystemRandom::new();
    let keys =
        Arc::new(tegata_issuer::crypto::Keys::open(&store, &server_key(7), &random).await.unwrap());
    let mut writers = Vec::new();
    for _ in 0..4 {
        let account = shopper::begin(&store, &keys).await;
        let store = store.clone();
        let keys = keys.clone();
        writers.push(tokio::spawn(async move {
            for n in 1.. {
                let keys = keys.clone();
                store
                    .change(account, move |loaded| (whole(&keys, account, loaded, n), ()))
                    .await
                    .unwrap();
                let mut out = std::io::stdout();
                out.write_all(format!("done {account} {n}\n").as_bytes()).unwrap();
                out.flush().unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Makes the change of this number: a secret, a session, a mail and an event.
fn whole(
    keys: &tegata_issuer::crypto::Keys,
    account: AccountId,
    loaded: &LoadedAccount,
    n: u32,
) -> AccountChange {
    let random = tegata::SystemRandom::new();
    let id = SecretId(100 + n);
    let kind = SecretKind::Factor;
    let mut event = shopper::event(noon(), "whole");
    event.account = Some(account);
    AccountChange {
        state: Some(loaded.state.clone()),
        secrets_stored: vec![(
            id,
            kind,
            keys.protect(account, id, kind, b"secret", &random).unwrap(),
        )],
        sessions_created: vec![(token(account, n), SessionId(n))],
        outbox: vec![shopper::mail(keys, account, noon())],
        events: vec![event],
        ..AccountChange::default()
    }
}

fn token(account: AccountId, n: u32) -> TokenHash {
    let mut token = [0; 32];
    token[..16].copy_from_slice(&account.0);
    token[16..20].copy_from_slice(&n.to_be_bytes());
    TokenHash::of(&token)
}

async fn check(database: &TestDatabase, answered: &BTreeMap<String, u32>) {
    // The server finishes the requests of a client that has died: a commit may still come.
    let others = "SELECT COUNT(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    while matches!(database.place, StoreUrl::Postgres(_)) && database.number(others).await > 0 {
        tokio::task::yield_now().await;
    }
    let store = database.store().await;
    let mails = store.lease_due_mails(noon(), 0, 1_000_000).await.unwrap();
    for (name, answered) in answered {
        let account = AccountId(hex::decode(name).unwrap().try_into().unwrap());
        let loaded = store.load(account).await.unwrap().unwrap();
        let written = u32::try_from(loaded.version).unwrap() - 1;
        assert!(written >= *answered, "{written} of {answered} that were answered");
        let secrets = loaded.secrets.keys().filter(|id| id.0 > 100).count();
        // One more is the sign-up's own mail.
        let mails = mails.iter().filter(|mail| mail.account == account).count() - 1;
        let events = store.events_of(account, None, 1_000_000).await.unwrap().len();
        for n in 1..=written {
            let found = store.session(&token(account, n), None).await.unwrap();
            assert_eq!(found.map(|(found, _)| found.session), Some(SessionId(n)));
        }
        assert!(store.session(&token(account, written + 1), None).await.unwrap().is_none());
        assert_eq!([secrets, mails, events], [written as usize; 3]);
    }
}
