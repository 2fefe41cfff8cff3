-- Times are seconds since 1970, ids 16 bytes and hashes 32 bytes made by the issuer. No row is numbered by the database.
-- The same tables stand in the other store's file of this name: keep the two alike.

-- What an account is, in JSON. Its version goes up with each change.
CREATE TABLE accounts (
    account BYTEA NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    version BIGINT NOT NULL
);

-- What the state names by number. key: 0 for an HMAC, else the number of the key that it is sealed under.
CREATE TABLE secrets (
    account BYTEA NOT NULL,
    secret BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    key BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (account, secret)
);

-- Two ways to find an account: by the HMAC of its address, by the hash of a session's token.
CREATE TABLE handles (handle BYTEA NOT NULL PRIMARY KEY, account BYTEA NOT NULL);
CREATE INDEX handles_of ON handles (account);
CREATE TABLE sessions (
    token BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL,
    session BIGINT NOT NULL
);
CREATE INDEX sessions_of ON sessions (account, session);

-- Mails that wait. Taking one moves not_before on and counts a try.
CREATE TABLE outbox (
    account BYTEA NOT NULL,
    mail BYTEA NOT NULL,
    key BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    made BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (account, mail)
);
CREATE INDEX outbox_due ON outbox (not_before);

-- What was done. place: where it stands in the chain, once it was sealed.
CREATE TABLE events (
    event BYTEA NOT NULL PRIMARY KEY,
    account BYTEA,
    deed TEXT NOT NULL,
    actor TEXT NOT NULL,
    made BIGINT NOT NULL,
    detail TEXT NOT NULL,
    place BIGINT UNIQUE
);
CREATE INDEX events_of ON events (account, event);
CREATE INDEX events_unsealed ON events (event) WHERE place IS NULL;
CREATE INDEX events_closing ON events (event) WHERE deed = 'closing';
CREATE TABLE event_seals (count BIGINT NOT NULL PRIMARY KEY, head BYTEA NOT NULL);

-- What holds for all accounts: one row, always.
CREATE TABLE standing (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    generation BIGINT NOT NULL,
    used_up_to BIGINT NOT NULL,
    stopped BIGINT NOT NULL
);
INSERT INTO standing VALUES (1, 0, 0, 0);

-- When somebody tried, by a keyed hash of who and what for.
CREATE TABLE throttle (
    key BYTEA NOT NULL PRIMARY KEY,
    taken TEXT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX throttle_until ON throttle (until);

-- Keys, wrapped under the server key. 0: what codes and addresses are hashed with; from 1 on: what is sealed with.
CREATE TABLE keys (number BIGINT NOT NULL PRIMARY KEY, wrapped BYTEA NOT NULL);
