//! What an operator does to an account, beside a service that runs: done, or said not to be.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use serde_json::{Value, json};
use tegata::protocol::{GetAccount, RequestDeletion};
use tegata_issuer::admin::{Operator, OperatorError, migrate, restore};
use tegata_issuer::config::Config;
use tegata_issuer::domain::{AccountId, AccountRef, Environment, Reason, StoreUrl};
use tegata_issuer::store::Store;
use tegata_policy::Account;
use tokio::runtime::Runtime;

use tegata_testkit::issuer::agent;
use tegata_testkit::postgres::{TlsPostgres, new_postgres_database};
use tegata_testkit::{TestIssuer, TestPayments};

tegata_testkit::on_both! {
    freezing_what_is_no_account_is_refused_with_a_reason,
    a_clock_that_is_behind_is_not_ready,
    a_store_that_cannot_be_written_is_not_ready,
    no_key_is_dropped_that_a_running_process_seals_with,
    a_restore_tries_the_key_first_and_leaves_nothing,
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
            let result = operator.freeze(&AccountRef::Account(account), frozen, &reason);
            assert!(matches!(result, Err(OperatorError::NothingToFreeze)), "{result:?}");
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

/// The answer of `/readyz`: its status, and of a problem its name.
fn readiness(issuer: &TestIssuer) -> (u16, String) {
    let mut answer = agent().get(format!("{}/readyz", issuer.url())).call().unwrap();
    let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let name = body["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap().to_owned();
    (answer.status().as_u16(), format!("{name} {}", body["detail"].as_str().unwrap_or_default()))
}

/// Asks until the answer is this one: an older one is given again for a second.
fn until_readiness(issuer: &TestIssuer, status: u16, says: &str) {
    for _ in 0..600 {
        let (its, said) = readiness(issuer);
        if its == status && said.contains(says) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{:?} is not {status} {says}", readiness(issuer));
}

fn a_clock_that_is_behind_is_not_ready(issuer: &TestIssuer) {
    assert_eq!(readiness(issuer).0, 200);
    // What is in the log was written now.
    issuer.signed_up_shopper("hanako@example.org");
    issuer.set_clock_back(3600);
    until_readiness(issuer, 503, "not-ready The clock is behind");
    issuer.advance_clock(3600);
    until_readiness(issuer, 200, "");
}

fn a_store_that_cannot_be_written_is_not_ready(issuer: &TestIssuer) {
    let config: Config = toml::from_str(&issuer.settings).unwrap();
    let not_ready = || until_readiness(issuer, 503, "not-ready The store cannot be written");
    match &config.store {
        StoreUrl::Sqlite(file) => {
            let other = rusqlite::Connection::open(file).unwrap();
            other.busy_timeout(Duration::from_secs(5)).unwrap();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            not_ready();
            other.execute_batch("ROLLBACK").unwrap();
        }
        StoreUrl::Postgres(url) => Runtime::new().unwrap().block_on(async {
            let (client, connection) =
                tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute("BEGIN; LOCK TABLE standing IN EXCLUSIVE MODE").await.unwrap();
            not_ready();
            client.batch_execute("ROLLBACK").await.unwrap();
        }),
    }
    until_readiness(issuer, 200, "");
    // It runs all the while.
    let live = agent().get(format!("{}/livez", issuer.url())).call().unwrap();
    assert_eq!(live.status().as_u16(), 200);
}

#[test]
fn a_till_has_a_rate_beside_its_networks() {
    for mut issuer in [TestIssuer::new(), TestIssuer::postgres()] {
        let token = TestPayments::new(&issuer).till("till-1").token;
        issuer.restart_with(&json!({ "requests_per_minute": 1, "till_requests_per_minute": 5 }));
        let get = |token: &str| {
            let till = agent().get(format!("{}/v1/till", issuer.url()));
            let answer = till.header("Authorization", format!("Bearer {token}")).call().unwrap();
            answer.status().as_u16()
        };
        // The first one is its network's: nobody knows the token yet.
        assert_eq!([(); 7].map(|()| get(&token)), [200, 200, 200, 200, 200, 200, 429]);
        assert_eq!(get(&"A".repeat(43)), 429, "a token that is nobody's evades nothing");
    }
}

fn operator_of(issuer: &TestIssuer) -> Operator {
    let config: Config = toml::from_str(&issuer.settings).unwrap();
    Operator::open(config, Environment::system()).unwrap()
}

fn no_key_is_dropped_that_a_running_process_seals_with(issuer: &TestIssuer) {
    let operator = operator_of(issuer);
    let reason = Reason::new("ann", "a test").unwrap();
    operator.renew_sealing_key(&reason).unwrap();
    let refused = operator.reencrypt(&reason);
    assert!(matches!(refused, Err(OperatorError::OldKeyInUse { processes: 1 })), "{refused:?}");
    // What the process seals until it is started anew is opened afterwards.
    let taro = issuer.signed_up_shopper("taro@example.org");
    issuer.restart();
    operator.reencrypt(&reason).unwrap();
    taro.call_in_session(&GetAccount {}).unwrap();
    issuer.restart();
    taro.call_in_session(&GetAccount {}).unwrap();
}

fn a_restore_tries_the_key_first_and_leaves_nothing(issuer: &TestIssuer) {
    let reason = Reason::new("ann", "a test").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    operator_of(issuer).backup(&backup, &reason).unwrap();
    let file = folder.path().join("new.sqlite");
    let place = if issuer.settings.contains("postgres://") {
        new_postgres_database()
    } else {
        format!("sqlite:{}", file.display())
    };
    let restored = |key: &str| {
        let settings = format!("store = {place:?}\nserver_key = \"{}\"\n", key.repeat(32));
        let config: Config = toml::from_str(&settings).unwrap();
        restore(&config, &Environment::system(), &backup, &reason)
    };
    let refused = restored("6b");
    assert!(matches!(refused, Err(OperatorError::WrongBackupKey(_))), "{refused:?}");
    assert!(!file.exists());
    // What is in the way of the next one is nothing.
    restored("5a").unwrap();
}

/// Runs SQL in the database of this URL.
fn sql(url: &str, sql: &str) {
    Runtime::new().unwrap().block_on(async {
        let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
        let (client, connection) = connected.unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    });
}

fn database_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap().split('?').next().unwrap()
}

#[test]
fn a_session_does_not_go_by_the_defaults_of_the_database() {
    let url = new_postgres_database();
    let name = database_of(&url);
    let defaults = [
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = '1ms'",
        "idle_session_timeout = '2s'",
        "default_transaction_read_only = on",
    ];
    // At once: they hold for every session that begins after them.
    sql(&url, &defaults.map(|it| format!("ALTER DATABASE {name} SET {it};")).concat());
    let issuer = TestIssuer::on(&url, tempfile::tempdir().unwrap(), "");
    let hanako = issuer.signed_up_shopper("hanako@example.org");
    hanako.call_in_session(&GetAccount {}).unwrap();
}

/// What docs/issuer.md grants to the role of the service.
const GRANTS: &str = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ";

#[test]
fn a_role_that_may_not_create_tables_serves_from_those_that_are_there() {
    assert!(include_str!("../../docs/issuer.md").contains(GRANTS));
    let url = new_postgres_database();
    let role = format!("service_{}", database_of(&url));
    sql(&url, &format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
    let own = url.replace("postgres@", &format!("{role}@"));
    let config = |url: &str| toml::from_str::<Config>(&format!("store = {url:?}")).unwrap();
    let early = migrate(&config(&own)).unwrap_err().to_string();
    assert!(early.contains("42501"), "{early}");
    migrate(&config(&url)).unwrap();
    sql(&url, &format!("{GRANTS}{role}"));
    migrate(&config(&own)).unwrap();
    let issuer = TestIssuer::on(&own, tempfile::tempdir().unwrap(), "");
    issuer.signed_up_shopper("hanako@example.org").call_in_session(&GetAccount {}).unwrap();
    let payments = TestPayments::new(&issuer);
    let till = payments.till("till-1");
    let code = payments.next_code(&payments.payer(1));
    assert_eq!(till.authorise(&payments, "sale", &code, 100).outcome(), "approved");
    // It drops nothing either.
    let dropped = Runtime::new().unwrap().block_on(async {
        let (client, connection) =
            tokio_postgres::connect(&own, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("DROP TABLE accounts").await
    });
    assert!(dropped.is_err());
}

#[test]
fn an_error_of_the_database_names_its_cause() {
    let url = new_postgres_database();
    let name = database_of(&url);
    let role = format!("weak_{name}");
    sql(&url, &format!("CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
    let says = |url: &str| {
        let place = StoreUrl::parse(url).unwrap();
        let opened = Runtime::new().unwrap().block_on(Store::open(&place));
        opened.unwrap_err().to_string()
    };
    let missing = says(&url.replace(name, "no_such_database"));
    assert!(missing.contains("3D000") && missing.contains("create it"), "{missing}");
    let weak = says(&url.replace("postgres@", &format!("{role}@")));
    assert!(weak.contains("42501") && weak.contains("grant"), "{weak}");
    let refused = says("postgres://ann@127.0.0.1:1/tegata?sslmode=disable");
    assert!(refused.contains("the connection was refused"), "{refused}");
    let roots = says("postgres://ann@127.0.0.1:1/x?sslmode=verify-full&sslrootcert=/no/such.pem");
    assert!(roots.contains("sslrootcert"), "{roots}");
    // What `openssl req -x509` makes.
    let mut authority = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&key).unwrap().pem();
    let server = TlsPostgres::start(&certificate, &key.serialize_pem());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate).unwrap();
    let url = server.new_database("issuer");
    let own = says(&format!("{url}&sslrootcert={}", file.path().display()));
    assert!(own.contains("CA:TRUE"), "{own}");
}
