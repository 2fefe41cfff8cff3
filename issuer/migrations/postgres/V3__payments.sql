-- Times are seconds since 1970, ids 16 bytes and hashes 32 bytes made by the issuer. No row is numbered by the database.
-- The same tables stand in the other store's file of this name: keep the two alike.

-- Where codes are read. code: the hash of the enrolment code, until it is taken; token: that of what the till goes by.
CREATE TABLE tills (
    till TEXT NOT NULL PRIMARY KEY,
    shop TEXT NOT NULL,
    made BIGINT NOT NULL,
    code BYTEA UNIQUE,
    code_until BIGINT NOT NULL,
    token BYTEA UNIQUE,
    revoked BIGINT
);

-- What was taken of a code, and what became of it. version goes up with each move of the state.
-- day: the one whose limit it counts against. reason: why it was declined.
CREATE TABLE authorisations (
    authorisation BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL,
    credential BYTEA NOT NULL,
    counter BIGINT NOT NULL,
    till TEXT NOT NULL,
    reference TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    day BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    card BYTEA,
    intent TEXT,
    made BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX authorisations_of ON authorisations (account, authorisation);
CREATE INDEX authorisations_at ON authorisations (till, authorisation);
CREATE INDEX authorisations_open ON authorisations (changed)
    WHERE state IN ('authorised', 'charging', 'unknown', 'reversing');

-- What an account's authorisations of a day come to: those that were neither declined nor voided.
CREATE TABLE spent (
    account BYTEA NOT NULL,
    day BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (account, day)
);

-- The last authorisation of a till's own number for a sale; null: a void came first and forbids it.
CREATE TABLE sales (
    till TEXT NOT NULL,
    reference TEXT NOT NULL,
    authorisation BYTEA,
    PRIMARY KEY (till, reference)
);

-- What was answered to a key. hash: of the body, null where a void came first and forbids it. authorisation: whose view
-- is the answer; without one it is reason.
CREATE TABLE idempotency (
    till TEXT NOT NULL,
    key TEXT NOT NULL,
    hash BYTEA,
    authorisation BYTEA,
    reason TEXT,
    made BIGINT NOT NULL,
    PRIMARY KEY (till, key)
);

-- Codes that fitted nobody, counted for a day: of a till, of a credential, and of a credential at a till.
CREATE TABLE attempts (
    subject BYTEA NOT NULL,
    day BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (subject, day)
);
CREATE INDEX attempts_of ON attempts (day);
