//! The settings of each connection, whatever the defaults of server, database and role are.

/// Transactions read what is committed and may write, and none of them waits for ever: the server gives up some time
/// after we have. Those of later versions are set where they are known.
const WAITS: &str = "SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_read_only = off; SET default_transaction_deferrable = off; \
    SET statement_timeout = '60s'; SET lock_timeout = '15s'; \
    SET idle_in_transaction_session_timeout = '60s'; \
    SELECT set_config(name, '0', false) FROM pg_settings \
        WHERE name IN ('transaction_timeout', 'idle_session_timeout'); \
    SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// Finds rows by their keys, always: a plan must depend neither on how many rows there were when it was made nor on the
/// first values. A table that was empty then would be scanned from end to end long after.
const PLANS: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET plan_cache_mode = force_generic_plan; SET jit = off";

/// Gives them as one text.
pub(super) fn settings() -> String {
    [WAITS, PLANS].join("; ")
}
