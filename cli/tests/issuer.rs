//! `tegata issuer` as a process: its settings, its start and its end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tegata_testkit::PostgresPair;

use crate::command::{done, failed, here, tegata};

mod command;
mod issuer_process;

fn health(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(unix)]
#[test]
fn it_serves_until_it_is_told_to_stop_and_ends_well() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut issuer = issuer_process::serve(folder.path(), &[]);
        let child = &mut issuer.child;
        let address = &issuer.address;
        assert!(health(address).ends_with("{\"status\":\"ok\"}"));
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        assert!(TcpStream::connect(address).is_err());
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("/healthz") && log.contains("stopped"), "{log}");
    }
}

#[test]
fn all_wrong_settings_are_said_at_once_and_nothing_starts() {
    let args = ["issuer", "serve", "--listen", "here", "--store", "mysql://ann:CANARY@db/x"];
    let output = here(&args);
    failed(&output, 2, "--listen: ");
    failed(&output, 2, "--store: ");
    assert!(!String::from_utf8(output.stderr).unwrap().contains("CANARY"));
    failed(&here(&["issuer", "serve", "--config", "none.toml"]), 2, "none.toml: cannot read it");
}

#[test]
fn a_service_without_mail_and_processor_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |args: &[&str]| {
        tegata(folder.path(), &[&["issuer", "serve", "--listen", "127.0.0.1:0"], args].concat())
    };
    for says in ["mail: is missing", "processor: is missing", "--development"] {
        failed(&serve(&[]), 2, says);
    }
    let config = folder.path().join("issuer.toml");
    let live =
        "development = true\nprocessor = \"https://api.example.com\"\nprocessor_key = \"x\"\n";
    write_private(&config, live);
    failed(&serve(&["--config", "issuer.toml"]), 2, "development: is on, but the processor moves");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
}

fn write_private(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn the_first_line_and_json_tell_both_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = issuer_process::serve(folder.path(), &[]);
    for path in ["/livez", "/healthz", "/readyz"] {
        let ok = (200, "{\"status\":\"ok\"}".to_owned());
        assert_eq!((issuer.get(path), issuer.get_internal(path)), (ok.clone(), ok), "{path}");
    }
    assert_eq!(issuer.get_internal("/v1/till").0, 404, "what is for everybody is not there");
    drop(issuer);
    let mut child = serving(folder.path(), &["--json"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let printed: serde_json::Value = serde_json::from_str(&line).unwrap();
    for name in ["url", "internal_url"] {
        let address = printed[name].as_str().unwrap().strip_prefix("http://").unwrap();
        assert!(health(address).ends_with("{\"status\":\"ok\"}"), "{name}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A service in development, which is not yet started.
fn serving(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.args(["issuer", "serve", "--development", "--listen", "127.0.0.1:0"]).args(args);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    command
}

#[cfg(target_os = "linux")]
#[test]
fn no_core_is_dumped_but_in_development() {
    let folder = tempfile::tempdir().unwrap();
    let limits = |issuer: &issuer_process::IssuerProcess| {
        std::fs::read_to_string(format!("/proc/{}/limits", issuer.child.id())).unwrap()
    };
    let none = |limits: &str| {
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        line.split_whitespace().filter(|word| *word == "0").count() == 2
    };
    write_private(&folder.path().join("issuer.toml"), PRODUCTION);
    let args = ["--config", "issuer.toml"];
    let issuer = issuer_process::serve_with(folder.path(), &args, &[]);
    assert!(none(&limits(&issuer)));
    drop(issuer);
    let own = std::fs::read_to_string("/proc/self/limits").unwrap();
    let issuer = issuer_process::serve(folder.path(), &[]);
    assert_eq!(none(&limits(&issuer)), none(&own));
}

/// Settings of a service that is not for development, with a processor that nobody asks.
const PRODUCTION: &str = "mail = \"smtp://127.0.0.1:1\"\nmail_from = \"no-reply@shop.example\"\n\
    processor = \"https://127.0.0.1:1\"\nprocessor_key = \"x\"\n";

#[cfg(unix)]
#[test]
fn all_files_are_their_owners_alone_even_without_a_umask() {
    let folder = issuer_process::IssuerFolder::new();
    let script = "umask 0; exec \"$0\" \"$@\"";
    let mut issuer = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_tegata"), "issuer", "serve", "--development"])
        .args(["--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(issuer.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let operate = |args: &str| {
        let status = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_tegata"), "issuer"])
            .args(args.split(' '))
            .env("USER", "ann")
            .env_remove("SUDO_USER")
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{args}");
    };
    operate("till add till-1 --shop Shop --why x");
    operate("backup a.backup --why x");
    operate("audit seal");
    let key = |store: &str| folder.path().join(format!("{store}.sqlite.key"));
    std::fs::copy(key("tegata-issuer"), key("restored")).unwrap();
    operate("restore a.backup --store sqlite:restored.sqlite --why x");
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    let seen =
        files.iter().filter(|file| file.metadata().unwrap().permissions().mode() & 0o77 != 0);
    assert_eq!(seen.map(std::fs::DirEntry::path).collect::<Vec<_>>(), Vec::<PathBuf>::new());
    let names: Vec<_> = files.iter().map(|file| file.file_name().into_string().unwrap()).collect();
    for ends in [".sqlite", ".key", ".checkpoints", ".backup"] {
        assert!(names.iter().any(|name| name.ends_with(ends)), "{ends}: {names:?}");
    }
    issuer.kill().unwrap();
    issuer.wait().unwrap();
}

#[test]
fn what_a_cluster_sets_is_ignored_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let set =
        [("TEGATA_ISSUER_PORT", "tcp://10.0.0.1:8080"), ("TEGATA_ISSUER_SERVICE_HOST", "10.0.0.1")];
    let issuer = issuer_process::serve_with(folder.path(), &["--development"], &set);
    assert_eq!(issuer.get("/readyz").0, 200);
    let log = issuer.log();
    for (name, _) in set {
        assert!(log.contains(&format!("{name} is ignored")), "{log}");
    }
}

#[test]
fn an_outage_of_the_database_is_said_once_a_minute() {
    let pair = PostgresPair::start();
    let folder = tempfile::tempdir().unwrap();
    write_private(&folder.path().join("server.key"), &"0f".repeat(32));
    let url = pair.url();
    let environment =
        [("TEGATA_ISSUER_STORE", url.as_str()), ("TEGATA_ISSUER_SERVER_KEY_FILE", "server.key")];
    let issuer = issuer_process::serve_with(folder.path(), &["--development"], &environment);
    assert_eq!(issuer.get("/readyz").0, 200);
    pair.kill_primary();
    while issuer.get("/readyz").0 == 200 {
        std::thread::sleep(Duration::from_millis(100));
    }
    // The outbox is looked into five times a second, and eleven jobs run.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(issuer.get("/livez").0, 200);
    let log = issuer.log();
    let loud: Vec<_> =
        log.lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).collect();
    let said = loud.iter().filter(|line| line.contains("database unavailable")).count();
    assert_eq!(said, 1, "{loud:#?}");
    assert!(loud.len() <= 3, "{loud:#?}");
}

#[test]
fn checkpoints_of_another_store_are_refused() {
    let folder = issuer_process::IssuerFolder::new();
    drop(folder.serve(&[]));
    folder.does(&["till", "add", "till-1", "--shop", "Shop", "--why", "x"]);
    folder.does(&["audit", "seal"]);
    let other = ["--store", "sqlite:other.sqlite"];
    let file = |name: &str| folder.path().join(name);
    let signed = std::fs::read_to_string(file("tegata-issuer.sqlite.checkpoints")).unwrap();
    write_private(&file("other.sqlite.checkpoints"), &signed);
    let serve = ["serve", "--development", "--listen", "127.0.0.1:0"];
    failed(&folder.run(&[&serve[..], &other].concat()), 1, "is that of another store");
    assert_eq!(std::fs::read_to_string(file("other.sqlite.checkpoints")).unwrap(), signed);
    // A line that was broken off when a disk was full does not keep the store's own from going on.
    write_private(&file("tegata-issuer.sqlite.checkpoints"), &format!("{signed}{{\"coun"));
    assert_eq!(folder.serve(&[]).get("/readyz").0, 200);
}

#[test]
fn a_check_says_all_that_a_start_would_stumble_over() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
    let settings = format!(
        "development = true\nlisten = \"{address}\"\nstore = \"sqlite:none/issuer.sqlite\"\n\
         checkpoints = \"nowhere/log\"\nserver_key_file = \"server.key\"\n\
         tls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n"
    );
    std::fs::write(folder.path().join("issuer.toml"), settings).unwrap();
    let key = folder.path().join("server.key");
    write_private(&key, &"0f".repeat(32));
    let check =
        || tegata(folder.path(), &["issuer", "serve", "--check", "--config", "issuer.toml"]);
    let listen = format!("cannot listen on {address}");
    for says in ["store: cannot write none", "checkpoints: cannot write nowhere", &listen] {
        failed(&check(), 2, says);
    }
    // With what is wrong in the settings themselves.
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = check();
    failed(&output, 2, "server.key is readable by other users");
    failed(&output, 2, &listen);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    failed(&check(), 2, "certificate.pem");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.path().join("certificate.pem"), made.cert.pem()).unwrap();
    failed(&check(), 2, "key.pem is readable by other users");
    write_private(
        &folder.path().join("key.pem"),
        &rcgen::KeyPair::generate().unwrap().serialize_pem(),
    );
    failed(&check(), 2, "the certificate and the key do not work together");
    let mut over = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    over.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let pair = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.path().join("certificate.pem"), over.self_signed(&pair).unwrap().pem())
        .unwrap();
    write_private(&folder.path().join("key.pem"), &pair.serialize_pem());
    failed(&check(), 2, "the certificate is valid from");
}

#[cfg(unix)]
#[test]
fn a_hang_up_reads_the_certificate_anew_or_keeps_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = || {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.path().join("certificate.pem"), made.cert.pem()).unwrap();
        write_private(&folder.path().join("key.pem"), &made.signing_key.serialize_pem());
        made.cert.pem()
    };
    let old = certificate();
    let settings = "tls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n";
    std::fs::write(folder.path().join("issuer.toml"), settings).unwrap();
    let mut issuer = issuer_process::serve(folder.path(), &["--config", "issuer.toml"]);
    let mut log = BufReader::new(issuer.child.stderr.take().unwrap()).lines();
    let id = issuer.child.id().to_string();
    let mut hang_up = |says: &str| {
        assert!(Command::new("kill").args(["-s", "HUP", &id]).status().unwrap().success());
        log.find(|line| line.as_ref().unwrap().contains(says)).unwrap().unwrap();
    };
    let is_trusted = |pem: &str| {
        let trusted = ureq::tls::Certificate::from_pem(pem.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ureq::tls::TlsConfig::builder()
            .root_certs(ureq::tls::RootCerts::new_with_certs(&[trusted]))
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let agent = ureq::Agent::config_builder().tls_config(tls).build().new_agent();
        agent.get(format!("https://{}/livez", issuer.address)).call().is_ok()
    };
    assert!(is_trusted(&old));
    let new = certificate();
    hang_up("certificate and key read anew");
    assert!(is_trusted(&new) && !is_trusted(&old));
    let unfit = rcgen::KeyPair::generate().unwrap();
    write_private(&folder.path().join("key.pem"), &unfit.serialize_pem());
    hang_up("the old ones stay");
    assert!(is_trusted(&new));
}

#[test]
fn an_address_that_nobody_here_has_is_a_no() {
    // 192.0.2.0/24 is for documents (RFC 5737).
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("{PRODUCTION}log_level = \"error\"\n");
    write_private(&folder.path().join("issuer.toml"), &settings);
    let args = ["issuer", "serve", "--listen", "192.0.2.1:1", "--config", "issuer.toml"];
    failed(&tegata(folder.path(), &args), 1, "cannot listen on 192.0.2.1:1");
    let development = [&args[..4], &["--development"]].concat();
    failed(&here(&development), 2, "mail: is mailbox, whose page is for this machine only");
}

#[test]
fn settings_can_be_looked_at_without_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["issuer", "serve", "--development", "--listen", "127.0.0.1:0", "--check"];
    assert_eq!(done(&tegata(folder.path(), &args)), "the configuration is valid\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
