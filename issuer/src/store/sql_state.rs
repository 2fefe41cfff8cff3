//! What the codes of PostgreSQL's errors are called and what an operator does about them (PostgreSQL, appendix A).

/// The name of a code, and what to do.
pub(super) fn describe(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "25006" => ("read_only_sql_transaction", READ_ONLY_ADVICE),
        "28000" => (
            "invalid_authorization_specification",
            "the server does not let this role in: check its name and pg_hba.conf",
        ),
        "28P01" => ("invalid_password", "the password is wrong: check the one in the address"),
        "3D000" => ("invalid_catalog_name", "there is no database of this name: create it"),
        "3F000" => ("invalid_schema_name", "there is no schema to work in: create it"),
        "42501" => (
            "insufficient_privilege",
            "permission denied: make the role the owner of the database, or have the owner run tegata issuer \
             migrate and grant it SELECT, INSERT, UPDATE and DELETE on all tables, again after a restore",
        ),
        "42P01" => ("undefined_table", "a table is missing: is this the issuer's database?"),
        "53100" => ("disk_full", "the server's disk is full: make room"),
        "53200" => ("out_of_memory", "the server has no memory left"),
        "53300" => (
            "too_many_connections",
            "the server has no connection left: raise max_connections, or run fewer processes, each of \
             which uses up to 16",
        ),
        "55P03" => ("lock_not_available", "another session holds a lock: try again"),
        "57014" => ("query_canceled", "it took too long or was cancelled: try again"),
        "57P01" => ("admin_shutdown", "the server ends: try again when it is back"),
        "57P02" => ("crash_shutdown", "the server has crashed: try again when it is back"),
        "57P03" => ("cannot_connect_now", "the server is starting or ending: try again"),
        "57P05" => ("idle_session_timeout", "the session was idle for too long: try again"),
        _ => return None,
    })
}

const READ_ONLY_ADVICE: &str = "the server is read-only, as a standby is: connect to the primary, or add \
    target_session_attrs=read-write to the address";

/// A refusal in a sentence: the code with its name and what to do, if they are known.
pub(super) fn sentence(code: &str) -> String {
    match describe(code) {
        Some((name, advice)) => format!("the database refused: {advice} ({code}, {name})"),
        None => format!("the database rejected the transaction with code {code}"),
    }
}

/// Why the store cannot be used for now, for a code after which one can come again: nothing was written.
pub(super) fn unavailable(code: &str) -> Option<&'static str> {
    Some(match code {
        "25006" => READ_ONLY,
        "53100" => "the server's disk is full: make room (53100, disk_full)",
        "53200" => "the server has no memory left (53200, out_of_memory)",
        "53300" => {
            "the server has no connection left: raise max_connections, or run fewer processes, each of \
             which uses up to 16 (53300, too_many_connections)"
        }
        "55P03" => "another session holds a lock (55P03, lock_not_available)",
        "57014" => "it took too long (57014, query_canceled)",
        "57P01" => "the server ends (57P01, admin_shutdown)",
        "57P02" => "the server has crashed (57P02, crash_shutdown)",
        "57P03" => "the server is starting or ending (57P03, cannot_connect_now)",
        "57P04" => "the database was dropped (57P04, database_dropped)",
        "57P05" => "the session was idle for too long (57P05, idle_session_timeout)",
        _ => match code.get(..2)? {
            "08" => "the connection failed (class 08)",
            "53" => "the server has not enough of what it needs (class 53)",
            "57" => "an operator intervened (class 57)",
            _ => return None,
        },
    })
}

/// Why nothing can be written on a standby.
pub(super) const READ_ONLY: &str = "the server is read-only, as a standby is: connect to the primary, or add \
    target_session_attrs=read-write to the address (25006, read_only_sql_transaction)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_code_has_its_name_and_what_to_do() {
        assert_eq!(
            sentence("3D000"),
            "the database refused: there is no database of this name: create it (3D000, \
             invalid_catalog_name)"
        );
        assert!(sentence("XX001").ends_with("with code XX001"));
        assert!(unavailable("25006").is_some() && unavailable("42501").is_none());
        assert!(unavailable("08006").is_some() && unavailable("53400").is_some());
    }
}
