//! What the driver's errors mean for the store. The server's text is never passed on: it may quote a value.

use std::error::Error;

use tokio_postgres::error::SqlState;

use super::super::error::StoreError;
use super::super::sql_state::{READ_ONLY, unavailable};

/// Why nothing is known of what was asked: the server did not answer in time.
pub(super) const NO_ANSWER: &str = "the database does not answer: check host, port and firewall";

/// Why none of the servers will do.
pub(super) const NO_PRIMARY: &str =
    "no server of the address takes writes: is a primary running, or a standby promoted?";

/// Whether the connection has to be made anew after this error.
pub(super) fn is_of_connection(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::CommitOutcomeUnknown)
}

/// Whether other connections to the same server are of no use, either: it is silent, gone, or takes no writes any more.
pub(super) fn is_of_server(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(reason) => [NO_ANSWER, READ_ONLY].contains(reason),
        error => *error == StoreError::CommitOutcomeUnknown,
    }
}

/// Whether this server takes no writes, which another may do by now.
pub(super) fn is_read_only(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(reason) if *reason == READ_ONLY)
}

/// Maps an error to its code.
pub(in crate::store) fn refused(error: &tokio_postgres::Error) -> StoreError {
    match error.code() {
        Some(code) => refused_with(code),
        None => StoreError::Unavailable(why_unconnected(error)),
    }
}

fn refused_with(code: &SqlState) -> StoreError {
    // The third is that of a row on its way into the default partition when its own was made: no other check can fail.
    let conflicts = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::CHECK_VIOLATION,
    ];
    if conflicts.contains(code) {
        StoreError::Conflict
    } else if *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN {
        StoreError::CommitOutcomeUnknown
    } else if let Some(reason) = unavailable(code.code()) {
        StoreError::Unavailable(reason)
    } else {
        StoreError::Refused(code.code().to_owned())
    }
}

/// Maps an error of a commit: whether it was done is not known, unless the server says that it was not.
pub(super) fn not_committed(error: &tokio_postgres::Error) -> StoreError {
    match error.code() {
        Some(code) if !is_of_session(code) => refused_with(code),
        _ => StoreError::CommitOutcomeUnknown,
    }
}

/// Whether the code is about the connection or the server, which may have committed before (classes 08 and 57).
fn is_of_session(code: &SqlState) -> bool {
    ["08", "57"].iter().any(|class| code.code().starts_with(class))
}

/// What keeps a connection from being made, by the errors below the driver's.
fn why_unconnected(error: &tokio_postgres::Error) -> &'static str {
    let mut text = error.to_string();
    let mut below: Option<&(dyn Error + 'static)> = error.source();
    let mut kind = None;
    while let Some(source) = below {
        kind = kind.or(source.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        text = format!("{text}: {source}");
        below = source.source();
    }
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["causedasendentity"]) {
        "the server's certificate is an authority's (CA:TRUE), as openssl req -x509 makes it: give the \
         server one of its own (TLS)"
    } else if says(&["certificate"]) {
        "the server's certificate is not trusted or not of this name: name its authority with \
         sslrootcert, and connect by the name in the certificate (TLS)"
    } else if says(&["does not support tls", "tls support"]) {
        "the server does not offer TLS, which sslmode asks for: set it up there (ssl = on)"
    } else if says(&["tls", "handshake"]) {
        "no TLS connection can be agreed on with the server"
    } else if says(&["does not allow writes"]) {
        NO_PRIMARY
    } else if says(&["lookup address", "resolve", "name or service"]) {
        "the host name is not known: check the address and the name service"
    } else if says(&["password missing", "password is missing"]) {
        "the server asks for a password, and the address has none"
    } else if says(&["refused"]) || kind == Some(std::io::ErrorKind::ConnectionRefused) {
        "the connection was refused: is PostgreSQL running there, and is the port right?"
    } else if says(&["no such file"]) || kind == Some(std::io::ErrorKind::NotFound) {
        "there is no socket: is PostgreSQL running, and is the folder right?"
    } else if says(&["timed out", "timeout"]) {
        NO_ANSWER
    } else {
        "no connection to the database"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_conflicts_and_commits_in_doubt_are_told_from_refusals() {
        let is_outage = |code: &str| refused_with(&SqlState::from_code(code)).is_outage();
        for code in [
            "08000", "08003", "08006", "08P01", "25006", "40003", "53000", "53100", "53200",
            "53300", "53400", "57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05",
            "57P99",
        ] {
            assert!(is_outage(code), "{code}");
        }
        for code in ["23505", "22012", "42501", "42P01", "40001", "40P01", "XX000"] {
            assert!(!is_outage(code), "{code}");
        }
        assert_eq!(refused_with(&SqlState::from_code("40001")), StoreError::Conflict);
        let in_doubt = refused_with(&SqlState::from_code("40003"));
        assert_eq!(in_doubt, StoreError::CommitOutcomeUnknown);
        let is_of_session = |code: &str| is_of_session(&SqlState::from_code(code));
        assert!(is_of_session("57P01") && is_of_session("08006") && !is_of_session("53100"));
    }
}
