use std::collections::BTreeMap;
use std::io::Write;

use serde::Deserialize;

use super::layers::names;
use super::*;

fn layers(environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Layers {
    Layers {
        file: None,
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        flags: flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn wrong(layers: &Layers) -> Vec<String> {
    Config::load(layers).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file =
        file("listen = \"127.0.0.1:1\"\nlog = \"json\"\nconnections = 500\nheader_seconds = 7\n");
    let environment =
        [("TEGATA_ISSUER_LISTEN", "127.0.0.1:2"), ("TEGATA_ISSUER_CONNECTIONS", "600")];
    let mut layers = layers(&environment, &[("listen", "127.0.0.1:3")]);
    layers.file = Some(file.path().to_owned());
    let config = Config::load(&layers).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.connections.get(), 600);
    assert_eq!(config.header_seconds.duration().as_secs(), 7);
    assert_eq!(config.log, LogFormat::Json);
    assert_eq!(config.body_seconds, Config::default().body_seconds);
}

#[test]
fn the_environment_can_name_the_file_and_write_lists() {
    let file = file("request_seconds = 60");
    let path = file.path().to_str().unwrap();
    let layers = layers(
        &[
            ("TEGATA_ISSUER_CONFIG", path),
            ("TEGATA_ISSUER_TRUSTED_PROXIES", r#"["10.0.0.0/8", "fd00::/8"]"#),
            ("TEGATA_ISSUER_FORWARDED", "x-forwarded-for"),
            ("HOME", "/nowhere"),
        ],
        &[],
    );
    let config = Config::load(&layers).unwrap();
    assert_eq!(config.request_seconds.duration().as_secs(), 60);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.forwarded, ForwardedHeader::XForwardedFor);
}

#[test]
fn all_wrong_values_are_named_at_once_with_where_they_stand() {
    let file = file("listn = 1\nconnections = 0\nlog = \"xml\"\n");
    let mut layers = layers(
        &[("TEGATA_ISSUER_HEADER_SECONDS", "ten"), ("TEGATA_ISSUER_FORWARD", "none")],
        &[("listen", "here"), ("store", "mysql://x")],
    );
    layers.file = Some(file.path().to_owned());
    let errors = Config::load(&layers).unwrap_err();
    let names: Vec<_> = errors.0.iter().map(|error| error.name.clone()).collect();
    let path = file.path().display();
    let expected = [
        format!("connections in {path}"),
        format!("listn in {path}"),
        format!("log in {path}"),
        "TEGATA_ISSUER_HEADER_SECONDS".to_owned(),
        "TEGATA_ISSUER_FORWARD".to_owned(),
        "--listen".to_owned(),
        "--store".to_owned(),
    ];
    assert_eq!(names, expected);
    let text = errors.to_string();
    for said in ["1 to 65535", "from 1 to 3600", "sqlite:FILE", "unknown setting", "socket address"]
    {
        assert!(text.contains(said), "{said} is not in {text}");
    }
}

#[test]
fn settings_that_do_not_go_together_are_named_at_once() {
    let settings = [
        ("TEGATA_ISSUER_TLS_KEY", "key.pem"),
        ("TEGATA_ISSUER_FORWARDED", "forwarded"),
        ("TEGATA_ISSUER_CONNECTIONS", "127"),
        ("TEGATA_ISSUER_BODY_SECONDS", "31"),
        ("TEGATA_ISSUER_SERVER_KEY_FILE", "/nowhere/key"),
    ];
    let wrong = wrong(&layers(&settings, &[]));
    let names: Vec<_> = wrong.iter().map(|error| error.split(':').next().unwrap()).collect();
    let expected = [
        "server_key_file",
        "tls_certificate",
        "trusted_proxies",
        "connections_per_network",
        "body_seconds",
    ];
    assert_eq!(names, expected);
    let proxies = [("TEGATA_ISSUER_TRUSTED_PROXIES", r#"["10.0.0.0/8"]"#)];
    assert!(super::tests::wrong(&layers(&proxies, &[]))[0].starts_with("forwarded"));
}

#[test]
fn no_secret_is_in_an_error_or_a_debug_print() {
    let secret = "CANARY0123";
    let key = "ab".repeat(32);
    let good = layers(
        &[
            ("TEGATA_ISSUER_SERVER_KEY", &key),
            ("TEGATA_ISSUER_STORE", &format!("postgres://u:{secret}@h/d?sslmode=require")),
        ],
        &[],
    );
    let print = format!("{:?}", Config::load(&good).unwrap());
    assert!(!print.contains(&key) && !print.contains(secret), "{print}");
    for name in names().iter().map(|name| format!("TEGATA_ISSUER_{}", name.to_ascii_uppercase())) {
        if ["SERVER_KEY", "STORE", "ISSUER_MAIL", "MAIL_FROM"]
            .iter()
            .all(|end| !name.ends_with(end))
        {
            continue;
        }
        for value in [secret, &format!("[\"{secret}\"]"), &format!("{{ a = \"{secret}\" }}")] {
            let said = wrong(&layers(&[(&name, value)], &[])).concat();
            assert!(!said.contains(secret), "{said}");
        }
    }
    let file =
        file(&format!("server_key = \"{secret}\"\nserver_key = {secret}\nstore = \"{secret}\"\n"));
    let mut bad = layers(&[], &[]);
    bad.file = Some(file.path().to_owned());
    let said = wrong(&bad).concat();
    assert!(said.contains("line 2") && !said.contains(secret), "{said}");
}

#[test]
fn a_password_is_not_taken_from_an_argument() {
    for (store, is_taken) in [
        ("sqlite:a:b@c.sqlite", true),
        ("postgres://ann@db:5432/tegata?sslmode=require", true),
        ("postgres://db/tegata?sslmode=require", true),
        ("postgres://ann:secret@db/tegata?sslmode=require", false),
        ("postgres://ann:sec/ret@db/tegata?sslmode=require", false),
        ("postgres://db/tegata?user=ann&password=secret&sslmode=require", false),
    ] {
        assert_eq!(Config::load(&layers(&[], &[("store", store)])).is_ok(), is_taken, "{store}");
        assert!(Config::load(&layers(&[("TEGATA_ISSUER_STORE", store)], &[])).is_ok(), "{store}");
    }
}

#[test]
fn the_server_key_has_one_source_a_file_or_the_environment() {
    let hex = "0f".repeat(32);
    let file = file(&format!("{hex}\n"));
    let path = file.path().to_str().unwrap();
    let from_file = [("TEGATA_ISSUER_SERVER_KEY_FILE", path)];
    let key = Config::load(&layers(&from_file, &[])).unwrap().server_key.unwrap();
    assert_eq!(key.expose(), &[0x0f; 32]);
    let both = [from_file[0], ("TEGATA_ISSUER_SERVER_KEY", &hex)];
    assert!(Config::load(&layers(&both, &[])).is_err());
}

#[cfg(unix)]
#[test]
fn a_file_of_a_secret_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let smtp = [
        ("TEGATA_ISSUER_MAIL", "smtp://mail.example.org:587"),
        ("TEGATA_ISSUER_MAIL_FROM", "no-reply@shop.example"),
        ("TEGATA_ISSUER_MAIL_USER", "ann"),
    ];
    let processor = [("TEGATA_ISSUER_PROCESSOR", "https://api.example.com")];
    let hex = "0f".repeat(32);
    for (name, others) in [
        ("TEGATA_ISSUER_SERVER_KEY_FILE", &[][..]),
        ("TEGATA_ISSUER_MAIL_PASSWORD_FILE", &smtp[..]),
        ("TEGATA_ISSUER_PROCESSOR_KEY_FILE", &processor[..]),
    ] {
        let file = file(&hex);
        let from_file = (name, file.path().to_str().unwrap());
        let settings = [others, &[from_file]].concat();
        for (mode, is_taken) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let loaded = Config::load(&layers(&settings, &[]));
            assert_eq!(loaded.is_ok(), is_taken, "{name} {mode:o}");
            // Once, and nothing that follows from it.
            let says_once =
                |error: ConfigErrors| error.0.len() == 1 && error.to_string().contains("chmod 600");
            assert_eq!(loaded.is_err_and(says_once), !is_taken, "{name} {mode:o}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_secret_in_settings_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let key = format!("server_key = \"{}\"", "0f".repeat(32));
    for (text, is_secret) in [
        (key.as_str(), true),
        ("store = \"postgres://ann:CANARY@localhost/tegata\"", true),
        ("store = \"postgres://ann@localhost/tegata\"", false),
        ("log = \"json\"", false),
    ] {
        let file = file(text);
        let mut layers = layers(&[], &[]);
        layers.file = Some(file.path().to_owned());
        for (mode, is_seen) in [(0o600, false), (0o644, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let loaded = Config::load(&layers);
            assert_eq!(loaded.is_err(), is_secret && is_seen, "{text} {mode:o}");
            assert!(!format!("{loaded:?}").contains("CANARY"));
        }
    }
}

#[test]
fn a_cluster_of_containers_sets_no_settings() {
    let set = [
        ("TEGATA_ISSUER_PORT", "tcp://10.0.0.1:8080"),
        ("TEGATA_ISSUER_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("TEGATA_ISSUER_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("TEGATA_ISSUER_PORT_8080_TCP_PORT", "8080"),
        ("TEGATA_ISSUER_PORT_8080_TCP_PROTO", "tcp"),
        ("TEGATA_ISSUER_PORT_53_UDP", "udp://10.0.0.1:53"),
        ("TEGATA_ISSUER_SERVICE_HOST", "10.0.0.1"),
        ("TEGATA_ISSUER_SERVICE_PORT", "8080"),
        ("TEGATA_ISSUER_SERVICE_PORT_HTTP", "8080"),
    ];
    let given = layers(&set, &[]);
    assert_eq!(Config::load(&given), Ok(Config::default()));
    assert_eq!(given.ignored(), set.map(|(name, _)| name));
    for typed in [("TEGATA_ISSUER_PORT", "8080"), ("TEGATA_ISSUER_PORTS", "1")] {
        let given = layers(&[typed], &[]);
        assert!(Config::load(&given).is_err() && given.ignored().is_empty(), "{typed:?}");
    }
}

#[test]
fn a_service_has_mail_and_a_processor_or_is_for_development() {
    let smtp = ("TEGATA_ISSUER_MAIL", "smtp://mail.example.org:587");
    let from = ("TEGATA_ISSUER_MAIL_FROM", "no-reply@shop.example");
    let live = ("TEGATA_ISSUER_PROCESSOR", "https://api.example.com");
    let local = ("TEGATA_ISSUER_PROCESSOR", "http://127.0.0.1:12111");
    let key = ("TEGATA_ISSUER_PROCESSOR_KEY", "CANARY");
    let mailbox = ("TEGATA_ISSUER_MAIL", "mailbox");
    let sandbox = ("TEGATA_ISSUER_PROCESSOR", "sandbox");
    let development = ("TEGATA_ISSUER_DEVELOPMENT", "true");
    let names = |settings: &[(&str, &str)]| {
        let errors = Config::load_to_serve(&layers(settings, &[])).map_or_else(|e| e.0, |_| vec![]);
        errors.into_iter().map(|error| error.name).collect::<Vec<_>>().join(" ")
    };
    for (settings, wrong) in [
        (&[][..], "mail processor"),
        (&[smtp, from], "processor"),
        (&[live, key], "mail"),
        (&[smtp, from, live, key], ""),
        (&[mailbox, sandbox], "mail processor"),
        (&[mailbox, live, key], "mail"),
        (&[smtp, from, sandbox], "processor"),
        (&[development], ""),
        (&[development, mailbox, sandbox], ""),
        (&[development, smtp, from], ""),
        (&[development, local, key], ""),
        (&[development, live, key], "development"),
        (&[development, mailbox, live, key], "development"),
        (&[development, smtp, from, live, key], "development"),
    ] {
        assert_eq!(names(settings), wrong, "{settings:?}");
    }
    // An operator's command needs neither.
    assert!(Config::load(&layers(&[], &[])).is_ok());
}

/// The table in docs/issuer.md: name, default.
fn documented() -> BTreeMap<&'static str, &'static str> {
    let page = include_str!("../../../docs/issuer.md");
    let page = page.split("\n## ").find(|part| part.starts_with("Settings\n")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| {
        row.split_once("` | ")?.1.split_once(" |").map(|(default, _)| (row, default))
    })
    .map(|(row, default)| (row.split('`').next().unwrap(), default))
    .collect()
}

#[test]
fn the_table_in_the_documents_is_the_struct() {
    let documented = documented();
    let names: std::collections::BTreeSet<_> = names().iter().copied().collect();
    assert_eq!(documented.keys().copied().collect::<std::collections::BTreeSet<_>>(), names);
    // The default that stands there, given as a setting, changes nothing; and any other is found out by it.
    for (name, default) in documented {
        let table: toml::Table = match default {
            "—" => toml::Table::new(),
            literal => format!("{name} = {}", literal.trim_matches('`')).parse().unwrap(),
        };
        let has_default = Config::deserialize(table).unwrap() == Config::default();
        assert!(has_default, "{name} is not {default} by default");
        assert_eq!(default == "—", is_optional(name), "{name}");
    }
}

fn is_optional(name: &str) -> bool {
    let none = [
        "server_key",
        "server_key_file",
        "mail_from",
        "mail_user",
        "mail_password",
        "mail_password_file",
        "processor_key",
        "processor_key_file",
        "checkpoints",
        "mail",
        "processor",
        "tls_certificate",
        "tls_key",
        "request_id_header",
        "currency_decimals",
        "mails_per_network",
        "sign_up_mails",
        "breached_passwords",
    ];
    none.contains(&name)
}

#[test]
fn the_mailbox_needs_loopback_and_smtp_needs_its_settings() {
    let wrong_with = |settings: &[(&str, &str)]| match Config::load(&layers(settings, &[])) {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    };
    let listen = "TEGATA_ISSUER_LISTEN";
    let mail = "TEGATA_ISSUER_MAIL";
    for (address, is_taken) in
        [("127.0.0.1:1", true), ("[::1]:1", true), ("0.0.0.0:1", false), ("192.0.2.1:1", false)]
    {
        for listens in [listen, "TEGATA_ISSUER_INTERNAL_LISTEN"] {
            let development = ("TEGATA_ISSUER_DEVELOPMENT", "true");
            let said = wrong_with(&[(listens, address), development]);
            assert_eq!(said.is_empty(), is_taken, "{address}: {said}");
        }
    }
    let smtp = (mail, "smtp://mail.example.org:587");
    assert!(wrong_with(&[smtp]).contains("mail_from"));
    let from = ("TEGATA_ISSUER_MAIL_FROM", "Shop <no-reply@shop.example>");
    assert_eq!(wrong_with(&[smtp, from, (listen, "0.0.0.0:1")]), "");
    let user = ("TEGATA_ISSUER_MAIL_USER", "ann");
    assert!(wrong_with(&[smtp, from, user]).contains("mail_password"));
    let file = file("CANARY secret\n");
    let password = ("TEGATA_ISSUER_MAIL_PASSWORD_FILE", file.path().to_str().unwrap());
    let config = Config::load(&layers(&[smtp, from, user, password], &[])).unwrap();
    assert_eq!(config.mail_password.as_ref().unwrap().expose(), "CANARY secret");
    assert!(!format!("{config:?}").contains("CANARY"));
}

#[test]
fn a_currency_has_the_decimals_of_iso_4217() {
    let load = |currency: &str, decimals: Option<&str>| {
        let mut settings = vec![("TEGATA_ISSUER_CURRENCY", currency)];
        settings.extend(decimals.map(|it| ("TEGATA_ISSUER_CURRENCY_DECIMALS", it)));
        Config::load(&layers(&settings, &[]))
    };
    for (currency, decimals) in [("JPY", 0), ("USD", 2), ("EUR", 2), ("BHD", 3), ("CLF", 4)] {
        assert_eq!(load(currency, None).unwrap().payment_rules().decimals.get(), decimals);
        assert!(load(currency, Some(&decimals.to_string())).is_ok(), "{currency}");
        let other = load(currency, Some("1")).unwrap_err().to_string();
        assert!(other.contains(&format!("{currency} has {decimals}")), "{other}");
    }
    for currency in ["XXX", "XTS", "XAU", "DEM", "ZZZ"] {
        let unknown = load(currency, None).unwrap_err().to_string();
        assert!(unknown.contains("is not an active currency"), "{unknown}");
    }
    assert!(load("usd", None).is_err());
}

#[test]
fn a_processor_has_a_key_and_the_sandbox_has_its_own() {
    let load = |settings: &[(&str, &str)]| Config::load(&layers(settings, &[]));
    let stripe = ("TEGATA_ISSUER_PROCESSOR", "https://api.example.com");
    assert!(load(&[stripe]).unwrap_err().to_string().contains("processor_key"));
    let file = file("CANARY\n");
    let key = ("TEGATA_ISSUER_PROCESSOR_KEY_FILE", file.path().to_str().unwrap());
    assert!(load(&[key]).unwrap_err().to_string().contains("processor_key"));
    let config = load(&[stripe, key]).unwrap();
    assert_eq!(config.processor_key.as_ref().unwrap().expose(), "CANARY");
    assert!(!format!("{config:?}").contains("CANARY"));
    let both = load(&[stripe, key, ("TEGATA_ISSUER_PROCESSOR_KEY", "CANARY")]).unwrap_err();
    assert!(both.to_string().contains("one of them") && !both.to_string().contains("CANARY"));
}
