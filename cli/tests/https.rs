//! The wallet's way to an issuer over https: it goes to the one whose certificate is trusted for that name, and nothing
//! that was typed goes to another.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::run::{Wallet, failed};

mod run;
mod shop;

/// Who vouches for certificates: its own, in a file of the folder.
fn authority(folder: &Path, name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let made = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join(name), made.pem()).unwrap();
    made
}

/// An issuer whose certificate says that it is this one.
fn issuer_called(
    name: &str,
    folder: &Path,
    by: &CertifiedIssuer<'static, KeyPair>,
) -> shop::Running {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    let settings = "tls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n";
    std::fs::write(folder.join("issuer.toml"), settings).unwrap();
    shop::serve(folder, &["--config", "issuer.toml"])
}

/// Somebody's log-in there, on a machine that trusts this authority.
fn logs_in(issuer: &shop::Running, trusts: &Path) -> Output {
    let wallet = Wallet::made();
    std::fs::write(wallet.0.path().join("pw"), "four quiet herons").unwrap();
    Command::new(env!("CARGO_BIN_EXE_tegata"))
        .args(["wallet", "--passphrase", "@pass", "log-in", "hanako@example.org"])
        .args(["--password", "@pw", "--issuer", &format!("https://{}", issuer.address)])
        .current_dir(wallet.0.path())
        .env("SSL_CERT_FILE", trusts)
        .env_remove("SSL_CERT_DIR")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn it_goes_to_the_issuer_whose_certificate_is_trusted_for_its_name_and_to_no_other() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [here, elsewhere] = [folders[0].path(), folders[1].path()];
    let ours = authority(here, "ours.pem");
    authority(here, "others.pem");

    let right = issuer_called("127.0.0.1", here, &ours);
    // Carried, and decided: nobody has this account.
    let told = logs_in(&right, &here.join("ours.pem"));
    failed(&told, 1, "what was given is not right");
    failed(&logs_in(&right, &here.join("others.pem")), 1, "cannot be reached");

    let wrong = issuer_called("other.example", elsewhere, &ours);
    failed(&logs_in(&wrong, &here.join("ours.pem")), 1, "cannot be reached");
    failed(&logs_in(&wrong, &here.join("nothing.pem")), 1, "no certificates to trust");

    // Neither was told anything.
    for (issuer, requests) in [(right, 1), (wrong, 0)] {
        assert_eq!(issuer.log().matches("/v1/log-ins").count(), requests);
    }
}
