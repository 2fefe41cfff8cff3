-- Payment credentials: what a phone makes codes from, and how a code leads to one. As V1 says of times, ids and hashes.

-- The routing digits that codes of this issuer begin with, each with its one alias period, in seconds.
CREATE TABLE prefixes (prefix TEXT NOT NULL PRIMARY KEY, period BIGINT NOT NULL);

-- number: what the account's state calls it. seed and alias_key: sealed, the second so that who fills the index opens
-- no seed; null, with key, once it is void for good. request: it was asked for in this one, request_hash is of the body.
-- counter: of the code accepted last, -1 before the first.
CREATE TABLE credentials (
    credential BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL,
    number BIGINT NOT NULL,
    prefix TEXT NOT NULL,
    period BIGINT NOT NULL,
    key BIGINT,
    seed BYTEA,
    alias_key BYTEA,
    request BYTEA NOT NULL,
    request_hash BYTEA NOT NULL,
    made BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    UNIQUE (account, request)
);
CREATE INDEX credentials_kept ON credentials (prefix, credential) WHERE key IS NOT NULL;

-- Under which number a credential pays, in each period of its prefix. Two may share one.
CREATE TABLE aliases (
    prefix TEXT NOT NULL,
    period BIGINT NOT NULL,
    alias BIGINT NOT NULL,
    credential BYTEA NOT NULL,
    PRIMARY KEY (prefix, period, alias, credential)
);

-- How far the index of a period is filled: up to this credential. whole: all that there were have been gone through.
CREATE TABLE alias_fills (
    prefix TEXT NOT NULL,
    period BIGINT NOT NULL,
    up_to BYTEA NOT NULL,
    whole BIGINT NOT NULL,
    PRIMARY KEY (prefix, period)
);

-- Who pays with what, as the account's state says: written with it. number: null while nothing is spent.
CREATE TABLE payers (
    account BYTEA NOT NULL PRIMARY KEY,
    number BIGINT,
    generation BIGINT NOT NULL,
    low_until BIGINT NOT NULL
);
