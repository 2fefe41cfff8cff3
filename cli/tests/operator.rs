//! What an operator does, on a service that runs: commands as processes, the shopper over HTTP.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Read as _;

use serde_json::json;
use tegata::protocol::Refusal;
use tegata::protocol::{IssuerError, IssuerProblem};

use crate::command::failed;
use crate::issuer_process::{IssuerFolder, Phone, ask, view};

mod command;
mod issuer_process;

const WHY: &[&str] = &["--why", "a test"];

fn with_why<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, WHY].concat()
}

#[test]
fn a_kill_switch_holds_at_once_and_after_a_restart() {
    let folder = IssuerFolder::new();
    let running = folder.serve(&[]);
    let phone = Phone::new(folder.path(), "phone");
    let stopped = |running: &_, address: &str| match phone.begin(running, address) {
        Ok(_) => false,
        Err(IssuerError::Problem(IssuerProblem::Stopped)) => true,
        Err(other) => panic!("{other}"),
    };
    assert!(!stopped(&running, "a@example.org"));
    let answer = folder.does(&with_why(&["stop", "sign-up", "reset"]));
    assert_eq!(answer, json!({ "stopped": ["sign-up", "reset"] }));
    assert!(stopped(&running, "b@example.org"), "the next request");
    drop(running);
    let running = folder.serve(&[]);
    assert!(stopped(&running, "c@example.org"), "after kill -9 and a start");
    assert_eq!(folder.does(&with_why(&["resume", "sign-up"])), json!({ "stopped": ["reset"] }));
    assert!(!stopped(&running, "d@example.org"));
    let all = ["sign-up", "log-in", "reset", "provisioning", "payments"];
    let under_way = json!({ "authorised": 0, "charging": 0, "reversing": 0 });
    let answer = folder.does(&with_why(&["stop", "--all"]));
    assert_eq!(answer, json!({ "stopped": all, "under_way": under_way }));
    assert!(stopped(&running, "e@example.org"));
    assert_eq!(folder.does(&with_why(&["resume", "--all"])), json!({ "stopped": [] }));
    assert!(!stopped(&running, "f@example.org"));
}

#[test]
fn an_account_is_frozen_and_let_go_and_all_are_revoked() {
    let folder = IssuerFolder::new();
    let running = folder.serve(&[]);
    let hanako = "hanako@example.org";
    let jiro = "jiro@example.org";
    let ours = Phone::new(folder.path(), "ours").sign_up(&running, hanako);
    let other = Phone::new(folder.path(), "other").sign_up(&running, jiro);
    let frozen = |session| view(&running, session).unwrap().frozen;
    let answer = folder.does(&with_why(&["freeze", "Hanako@example.org"]));
    assert_eq!(answer["frozen"], true);
    assert!(frozen(&ours) && !frozen(&other));
    assert_eq!(folder.does(&with_why(&["freeze", hanako, "--off"]))["frozen"], false);
    assert!(!frozen(&ours));
    let nobody = folder.run(&with_why(&["freeze", "nobody@example.org"]));
    failed(&nobody, 1, "no account has this address");

    assert_eq!(folder.does(&with_why(&["revoke", "--all"]))["revoked"], true);
    for session in [&ours, &other] {
        let refused = view(&running, session).unwrap_err();
        assert_eq!(refused, IssuerError::Problem(IssuerProblem::Refused(Refusal::NotLoggedIn)));
    }

    let events = folder.does(&["audit", "tail", "-n", "1000"])["events"].clone();
    for deed in ["frozen_by_operator", "unfrozen_by_operator", "revoked"] {
        let mut of_this_deed = events.as_array().unwrap().iter().filter(|it| it["deed"] == deed);
        let event = of_this_deed.next().unwrap();
        let who_and_why = (event["actor"].as_str(), event["detail"]["why"].as_str());
        assert_eq!(who_and_why, (Some("operator ann"), Some("a test")));
        let whose = if deed == "revoked" { &serde_json::Value::Null } else { &answer["account"] };
        assert_eq!(&event["account"], whose);
    }
    assert!(!events.to_string().contains("example.org"), "it names no shopper");
}

#[test]
fn the_log_holds_and_a_forged_checkpoint_is_found() {
    let folder = IssuerFolder::new();
    let running = folder.serve(&[]);
    folder.does(&with_why(&["stop", "payments", "--by", "bob"]));
    let sealed = folder.does(&["audit", "seal"])["count"].as_u64().unwrap();
    let verified = folder.does(&["audit", "verify"]);
    assert_eq!((&verified["holds"], &verified["signed"]), (&json!(true), &json!(sealed)));
    assert!(sealed >= 1);
    drop(running);
    let file = folder.path().join("tegata-issuer.sqlite.checkpoints");
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, lines.replacen("\"head\":\"", "\"head\":\"00", 1)).unwrap();
    let output = folder.run(&["audit", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["findings"], json!(["line 1 was not signed by this key"]));
}

#[test]
fn a_restored_backup_has_its_accounts_and_no_sessions() {
    let folder = IssuerFolder::new();
    let running = folder.serve(&[]);
    let session = Phone::new(folder.path(), "phone").sign_up(&running, "hanako@example.org");
    folder.does(&with_why(&["backup", "monday.backup"]));
    failed(&folder.run(&with_why(&["backup", "monday.backup"])), 1, "a file already exists");
    failed(&folder.run(&with_why(&["restore", "monday.backup"])), 1, "a database already exists");
    folder.does(&["audit", "seal"]);
    drop(running);

    // The disk is gone, and with it all but the key and the checkpoints, which lie elsewhere.
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("tegata-issuer.sqlite{end}")));
    }
    let restored = folder.does(&with_why(&["restore", "monday.backup"]));
    let aside = restored["checkpoints"].as_str().unwrap();
    assert!(folder.path().join(aside).exists() && aside.contains(".checkpoints.until-"));
    let running = folder.serve(&[]);
    assert_eq!(
        view(&running, &session).unwrap_err(),
        IssuerError::Problem(IssuerProblem::Refused(Refusal::NotLoggedIn))
    );
    assert_eq!(folder.does(&with_why(&["freeze", "hanako@example.org"]))["frozen"], true);
    folder.does(&["audit", "seal"]);
    assert_eq!(folder.does(&["audit", "verify"])["holds"], true, "a chain of its own from here on");
}

#[test]
fn after_a_key_rotation_the_old_server_key_opens_nothing() {
    let folder = IssuerFolder::new();
    let running = folder.serve(&[]);
    let session = Phone::new(folder.path(), "phone").sign_up(&running, "hanako@example.org");
    folder.does(&with_why(&["rotate-key", "--server-key-to", "new.key"]));
    assert!(view(&running, &session).is_ok(), "a service that runs has its keys");
    drop(running);
    let old = folder.run(&["serve", "--development", "--listen", "127.0.0.1:0"]);
    assert_eq!(old.status.code(), Some(1));
    assert!(String::from_utf8(old.stderr).unwrap().contains("the server key is not the one"));

    std::fs::rename(folder.path().join("new.key"), folder.path().join("tegata-issuer.sqlite.key"))
        .unwrap();
    folder.does(&with_why(&["rotate-key", "--sealing"]));
    let running = folder.serve(&[]);
    assert!(view(&running, &session).is_ok(), "what the older key sealed is opened");
    let anew = folder.does(&with_why(&["rotate-key", "--seal-anew"]));
    // An address, a password and a second factor of the shopper's and of each of 64 decoys.
    assert_eq!(anew, json!({ "sealed": 65 * 3, "keys_left": [] }));
    drop(running);
    let running = folder.serve(&[]);
    assert!(view(&running, &session).is_ok());
}

#[test]
fn a_store_is_given_a_key_once_and_no_other_when_that_is_gone() {
    let folder = IssuerFolder::new();
    let mut running = folder.serve(&[]);
    running.child.kill().unwrap();
    let mut log = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("created a server key beside the database"), "{log}");
    let file = folder.path().join("tegata-issuer.sqlite.key");
    let key = std::fs::read_to_string(&file).unwrap();
    assert!(!log.contains(key.trim()));
    drop(folder.serve(&[]));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), key);
    std::fs::rename(&file, folder.path().join("elsewhere")).unwrap();
    let gone = folder.run(&["serve", "--development", "--listen", "127.0.0.1:0"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(
        String::from_utf8(gone.stderr).unwrap().contains("tegata-issuer.sqlite.key is missing")
    );
    assert!(!file.exists(), "no other is made in its place");
    let serve = ["serve", "--development", "--listen", "127.0.0.1:0"];
    let no_file = [&serve[..], &["--store", "postgres://ann@127.0.0.1:1/x"]].concat();
    let postgres = folder.run(&no_file);
    assert!(String::from_utf8(postgres.stderr).unwrap().contains("set server_key_file"));
}

#[test]
fn nothing_is_done_without_a_reason_or_where_there_is_no_store() {
    let folder = IssuerFolder::new();
    failed(&folder.run(&["stop", "log-in"]), 2, "--why");
    failed(&folder.run(&["stop", "--why", "x"]), 2, "<ACTS>");
    failed(&folder.run(&["stop", "log-out", "--why", "x"]), 2, "log-in");
    failed(&folder.run(&["stop", "log-in", "--why", "two\nlines"]), 2, "one line");
    failed(&folder.run(&["stop", "log-in", "--why", "x", "--by", ""]), 2, "operator's name");
    failed(&folder.run(&["revoke", "--why", "x"]), 2, "--all");
    failed(&folder.run(&["rotate-key", "--why", "x"]), 2, "--server-key-to");
    for command in [["stop", "--all"], ["backup", "file"], ["freeze", "a@example.org"]] {
        failed(&folder.run(&with_why(&command)), 1, "there is no store at tegata-issuer.sqlite");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "and none is made");
}

#[test]
fn the_mailbox_page_is_served_internally_in_development_only() {
    let folder = IssuerFolder::new();
    let running = folder.serve(&[]);
    Phone::new(folder.path(), "phone").begin(&running, "hanako@example.org").unwrap();
    running.code("hanako@example.org");
    let (status, page) = running.get_internal("/dev/mailbox");
    assert!(status == 200 && page.contains("確認コード") && page.contains("hanako@example.org"));
    for header in ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy"] {
        for path in ["/dev/mailbox", "/dev/mailbox.json"] {
            let head = format!("GET {path} HTTP/1.1\r\n{header}\r\n");
            let (status, body) = ask(&running.internal_address, &head, b"");
            assert!(status == 404 && !body.contains("hanako"), "{header}: {body}");
        }
    }
    // Nothing of it is where a proxy would publish it.
    for path in ["/dev/mailbox", "/dev/mailbox.json", "/metrics"] {
        assert_eq!(running.get(path).0, 404, "{path}");
    }
    let (_, description) = running.get("/openapi.json");
    assert!(!description.contains("/dev/") && !description.contains("/metrics"));
    drop(running);
    let config = "mail = \"smtp://127.0.0.1:1\"\nmail_from = \"no-reply@folder.example\"\n";
    std::fs::write(folder.path().join("issuer.toml"), config).unwrap();
    let running = folder.serve(&["--config", "issuer.toml"]);
    assert_eq!(running.get_internal("/dev/mailbox").0, 404);
    assert_eq!(running.get_internal("/dev/mailbox.json").0, 404);
    assert_eq!(running.get_internal("/metrics").0, 200);
}

#[test]
fn a_till_is_added_enrols_itself_once_and_is_revoked() {
    let folder = IssuerFolder::new();
    let running = folder.serve(&[]);
    let added = folder.does(&with_why(&["till", "add", "till-1", "--shop", "Tegata Ginza"]));
    let stages = || folder.does(&["till", "list"])["tills"].clone();
    let listed =
        |stage: &str| json!([{ "till": "till-1", "shop": "Tegata Ginza", "stage": stage }]);
    assert_eq!(stages(), listed("waiting"));
    let enrol = || {
        let url = format!("http://{}/v1/tills", running.address);
        let body = json!({ "code": added["code"] }).to_string();
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        agent.post(url).content_type("application/json").send(body).unwrap().status().as_u16()
    };
    assert_eq!((enrol(), enrol()), (200, 401));
    assert_eq!(stages(), listed("enrolled"));
    let again = with_why(&["till", "add", "till-1", "--shop", "Another"]);
    failed(&folder.run(&again), 1, "a till with this id exists");
    assert_eq!(folder.does(&with_why(&["till", "revoke", "till-1"]))["revoked"], true);
    assert_eq!(stages(), listed("revoked"));
    failed(&folder.run(&with_why(&["till", "revoke", "till-2"])), 1, "no till has this id");
    failed(&folder.run(&with_why(&["void", "17"])), 2, "32 hex digits");
    let nobodys = "0".repeat(32);
    for act in ["void", "refund"] {
        failed(&folder.run(&with_why(&[act, &nobodys])), 1, "no payment has this id");
        let sale = ["--till", "till-1", "--reference", "sale-1"];
        failed(&folder.run(&with_why(&[&[act][..], &sale].concat())), 1, "no payment has this id");
        failed(&folder.run(&with_why(&[act, "--till", "till-1"])), 2, "--reference");
    }
    let report = folder.does(&["report", "--since", "7d", "--wrong-codes", "1"]);
    assert_eq!(report["findings"], json!([]));
    failed(&folder.run(&["report", "--since", "32d"]), 2, "at most 31d");
    let nobody = with_why(&["freeze", &nobodys]);
    failed(&folder.run(&nobody), 1, "no account has this address or id");
}
