-- Times are seconds since 1970, ids 16 bytes and hashes 32 bytes made by the issuer. No row is numbered by the database.
-- The same tables stand in the other store's file of this name: keep the two alike.

-- What an account is, in JSON. Its version goes up with each change.
CREATE TABLE accounts (
    account BLOB NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    version INTEGER NOT NULL
) WITHOUT ROWID;

-- What the state names by number. key: 0 for an HMAC, else the number of the key that it is sealed under.
CREATE TABLE secrets (
    account BLOB NOT NULL,
    secret INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    key INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account, secret)
) WITHOUT ROWID;

-- Two ways to find an account: by the HMAC of its address, by the hash of a session's token.
CREATE TABLE handles (handle BLOB NOT NULL PRIMARY KEY, account BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX handles_of ON handles (account);
CREATE TABLE sessions (
    token BLOB NOT NULL PRIMARY KEY,
    account BLOB NOT NULL,
    session INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_of ON sessions (account, session);

-- Mails that wait. Taking one moves not_before on and counts a try.
CREATE TABLE outbox (
    account BLOB NOT NULL,
    mail BLOB NOT NULL,
    key INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    made INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    PRIMARY KEY (account, mail)
) WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (not_before);

-- What was done. place: where it stands in the chain, once it was sealed.
CREATE TABLE events (
    event BLOB NOT NULL PRIMARY KEY,
    account BLOB,
    deed TEXT NOT NULL,
    actor TEXT NOT NULL,
    made INTEGER NOT NULL,
    detail TEXT NOT NULL,
    place INTEGER UNIQUE
) WITHOUT ROWID;
CREATE INDEX events_of ON events (account, event);
CREATE INDEX events_unsealed ON events (event) WHERE place IS NULL;
CREATE INDEX events_closing ON events (event) WHERE deed = 'closing';
CREATE TABLE event_seals (count INTEGER NOT NULL PRIMARY KEY, head BLOB NOT NULL);

-- What holds for all accounts: one row, always.
CREATE TABLE standing (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    used_up_to INTEGER NOT NULL,
    stopped INTEGER NOT NULL
);
INSERT INTO standing VALUES (1, 0, 0, 0);

-- When somebody tried, by a keyed hash of who and what for.
CREATE TABLE throttle (
    key BLOB NOT NULL PRIMARY KEY,
    taken TEXT NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX throttle_until ON throttle (until);

-- Keys, wrapped under the server key. 0: what codes and addresses are hashed with; from 1 on: what is sealed with.
CREATE TABLE keys (number INTEGER NOT NULL PRIMARY KEY, wrapped BLOB NOT NULL);
