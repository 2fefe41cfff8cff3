//! Backup and restore of a PostgreSQL store over TLS, by the PostgreSQL programs of this system.

use std::path::Path;
use std::process::{Command, Output};

use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};
use tegata_testkit::postgres::TlsPostgres;

use crate::authority;
use crate::command::{done, failed};

/// Runs an operator's command on this store, where the system trusts the authorities of `trusted`.
fn run(folder: &Path, trusted: &str, store: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.arg("issuer").args(args).args(["--store", store, "--why", "a test", "--json"]);
    command.current_dir(folder).env("USER", "ann").env("SSL_CERT_FILE", folder.join(trusted));
    command.env("TEGATA_ISSUER_SERVER_KEY", "5a".repeat(32));
    command.output().unwrap()
}

#[test]
fn a_backup_and_a_restore_go_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let authority_of_server = authority(folder, "authority");
    authority(folder, "another");
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    // Another name than the authority's, or OpenSSL takes it for one that signed itself.
    params.distinguished_name.push(DnType::CommonName, "localhost");
    let certificate = params.signed_by(&key, &authority_of_server).unwrap();
    let server = TlsPostgres::start(&certificate.pem(), &key.serialize_pem());
    let store = server.new_database("store");
    let does = |store: &str, args: &[&str]| -> Value {
        serde_json::from_str(done(&run(folder, "authority", store, args))).unwrap()
    };
    does(&store, &["stop", "sign-up"]);
    does(&store, &["backup", "monday"]);
    let restored = server.new_database("restored");
    assert!(does(&restored, &["restore", "monday"])["refused_up_to"].is_u64());
    assert_eq!(does(&restored, &["stop", "reset"]), json!({ "stopped": ["sign-up", "reset"] }));

    // A server that this system does not trust gets nothing, and leaves no file.
    failed(&run(folder, "another", &store, &["backup", "tuesday"]), 1, "");
    assert!(!folder.join("tuesday").exists());
}
