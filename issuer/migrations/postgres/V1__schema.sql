-- The whole schema, edited in place until 1.0: a database that another edition of this file made is refused. Times
-- are seconds since 1970. Ids (16 bytes) and hashes (32 bytes) are made by the issuer; the database numbers no row.
-- The other database's file of this name has the same tables: change both together.
-- Three tables grow for ever and are partitioned here: payments and events by the month that their ids begin with, the
-- alias index by its period. A job makes the partitions; a row without one is in the default partition.

-- An account's state, as JSON. version goes up by one with each change.
CREATE TABLE accounts (
    account BYTEA NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    version BIGINT NOT NULL
);

-- The secrets that an account's state names by number. key: 0 for an HMAC, else the number of the key it is sealed
-- under.
CREATE TABLE secrets (
    account BYTEA NOT NULL,
    secret BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    key BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (account, secret)
);

-- How accounts are found: by the HMAC of an email address, by the hash of a session token.
CREATE TABLE handles (handle BYTEA NOT NULL PRIMARY KEY, account BYTEA NOT NULL);
CREATE INDEX handles_of ON handles (account);
CREATE TABLE sessions (
    token BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL,
    session BIGINT NOT NULL
);
CREATE INDEX sessions_of ON sessions (account, session);

-- Mails to send. A lease moves not_before forward and counts a try; a mail that was not accepted is postponed. rank: 0
-- for mails of accounts, 1 for receipts, 2 for codes that strangers asked for, 3 for sign-ups. Within a rank the lowest
-- turn goes first. queue: a keyed hash of the network or account that asked for it. Not sent from expires on.
CREATE TABLE outbox (
    mail BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL,
    key BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    made BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    postponed BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    rank BIGINT NOT NULL,
    queue BYTEA NOT NULL,
    turn BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (rank, turn);
CREATE INDEX outbox_queues ON outbox (rank, queue, turn) WHERE rank <> 1;
CREATE INDEX outbox_expired ON outbox (expires) WHERE rank <> 1;
CREATE INDEX outbox_postponed ON outbox (not_before) WHERE postponed = 1;
-- Mails of sign-ups are also found by their account.
CREATE INDEX outbox_of ON outbox (account) WHERE rank = 3;

-- The event log; rows are never changed. Events about payments have no account: they are found by the payment's id,
-- which their own id begins with.
CREATE TABLE events (
    event BYTEA NOT NULL PRIMARY KEY,
    account BYTEA,
    deed TEXT NOT NULL,
    actor TEXT NOT NULL,
    made BIGINT NOT NULL,
    detail TEXT NOT NULL
) PARTITION BY RANGE (event);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE INDEX events_of ON events (account, event) WHERE account IS NOT NULL;
CREATE INDEX events_closing ON events (event) WHERE deed = 'closing';

-- Events that no seal covers yet.
CREATE TABLE events_waiting (event BYTEA NOT NULL PRIMARY KEY);

-- Seals of the log. count: events sealed up to here. head: the hash of the chain up to here. events: the ids that
-- this seal adds to those of the seal before it, concatenated in the order of the chain.
CREATE TABLE event_seals (
    count BIGINT NOT NULL PRIMARY KEY,
    head BYTEA NOT NULL,
    events BYTEA NOT NULL
);

-- Months of payments and events that were taken out of authorisations and events. first and until: the ids that it begins
-- and ends before. runs: where its events are in the chain, 80 bytes for each run of them: the places of the first and
-- the last, and the chain's hash before and after it. signature: over all of it, by the key that signs checkpoints.
CREATE TABLE detached_months (
    month TEXT NOT NULL PRIMARY KEY,
    first BYTEA NOT NULL,
    until BYTEA NOT NULL,
    payments BIGINT NOT NULL,
    events BIGINT NOT NULL,
    runs BYTEA NOT NULL,
    signature BYTEA NOT NULL
);

-- The state of the whole issuer: always exactly one row. stopped: a bit for each kill switch that is on.
CREATE TABLE standing (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    generation BIGINT NOT NULL,
    used_up_to BIGINT NOT NULL,
    stopped BIGINT NOT NULL
);
INSERT INTO standing VALUES (1, 0, 0, 0);

-- The currency (ISO 4217) of all payments, set by the first service that starts: one row at most.
CREATE TABLE store_currency (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    currency TEXT NOT NULL
);

-- Attempts for rate limits. key: a keyed hash of the client and the action. taken: times of the attempts, as JSON.
CREATE TABLE throttle (
    key BYTEA NOT NULL PRIMARY KEY,
    taken TEXT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX throttle_until ON throttle (until);

-- Requests that devices signed, and that were carried out: each is, once. hash: the keyed hash of path, session token and
-- body. answer: sealed under a key that takes the message to derive. Deleted after until.
CREATE TABLE signed_requests (
    device BYTEA NOT NULL,
    request BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (device, request)
);
CREATE INDEX signed_requests_until ON signed_requests (until);

-- What was asked of addresses that have no account, counted by the minute in place of events; kept for an hour.
CREATE TABLE decoy_events (
    account BYTEA NOT NULL,
    deed TEXT NOT NULL,
    minute BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (account, deed, minute)
);

-- Keys, wrapped under the server key. Number 0 hashes codes and addresses; numbers from 1 on seal secrets.
CREATE TABLE keys (number BIGINT NOT NULL PRIMARY KEY, wrapped BYTEA NOT NULL);

-- The processes that run on this store. process: an id made at its start. key: the number of the key that it seals
-- with. beats: its signs of life so far; seen: when the last one was.
CREATE TABLE processes (
    process BYTEA NOT NULL PRIMARY KEY,
    key BIGINT NOT NULL,
    beats BIGINT NOT NULL,
    seen BIGINT NOT NULL
);

-- The prefixes that this issuer's codes begin with, each with its one alias period, in seconds.
CREATE TABLE prefixes (prefix TEXT NOT NULL PRIMARY KEY, period BIGINT NOT NULL);

-- Payment credentials: what a phone derives codes from. number: its number in the account's state. seed and
-- alias_key are sealed, each by itself, so that the job that fills the alias index opens no seed; both are null,
-- with key, once the credential is void for good. request: the id of the request that made it. request_hash: the
-- hash of that request's body.
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
    UNIQUE (account, request)
);
CREATE INDEX credentials_kept ON credentials (prefix, credential) WHERE key IS NOT NULL;

-- The alias index: the alias of each credential in each period of its prefix. Two credentials may share an alias.
CREATE TABLE aliases (
    prefix TEXT NOT NULL,
    period BIGINT NOT NULL,
    alias BIGINT NOT NULL,
    credential BYTEA NOT NULL,
    PRIMARY KEY (prefix, period, alias, credential)
) PARTITION BY LIST (period);
CREATE TABLE aliases_default PARTITION OF aliases DEFAULT;

-- How far the alias index of a period is filled: up to and with this credential. whole: 1 once it is complete.
CREATE TABLE alias_fills (
    prefix TEXT NOT NULL,
    period BIGINT NOT NULL,
    up_to BYTEA NOT NULL,
    whole BIGINT NOT NULL,
    PRIMARY KEY (prefix, period)
);

-- Which credential an account pays with, written together with the account's state; each payment locks this row.
-- number: null while the account cannot pay. spent: the sum of day, the last day with a payment. counter_of and
-- counter: the number of the credential whose code was accepted last, and that code's counter, -1 before the first.
-- A later credential has a higher number, so the two together only grow. next_number: the credential that the account
-- pays with from next_from on, null if none waits. Updates find free space in the page of the
-- row.
CREATE TABLE payers (
    account BYTEA NOT NULL PRIMARY KEY,
    number BIGINT,
    generation BIGINT NOT NULL,
    low_until BIGINT NOT NULL,
    day BIGINT NOT NULL DEFAULT 0,
    spent BIGINT NOT NULL DEFAULT 0,
    counter_of BIGINT NOT NULL DEFAULT 0,
    counter BIGINT NOT NULL DEFAULT -1,
    next_number BIGINT,
    next_from BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 90);

-- Tills. code: the hash of the enrolment code, until it is used. token: the hash of the till's bearer token.
CREATE TABLE tills (
    till TEXT NOT NULL PRIMARY KEY,
    shop TEXT NOT NULL,
    made BIGINT NOT NULL,
    code BYTEA UNIQUE,
    code_until BIGINT NOT NULL,
    token BYTEA UNIQUE,
    revoked BIGINT
);

-- Managers of tills, whose code a void asks for. code: a keyed hash of it.
CREATE TABLE till_managers (
    till TEXT NOT NULL,
    name TEXT NOT NULL,
    code BYTEA NOT NULL,
    made BIGINT NOT NULL,
    PRIMARY KEY (till, name)
);

-- When wrong manager's codes came at a till, as JSON: the last few minutes' only.
CREATE TABLE till_manager_tries (till TEXT NOT NULL PRIMARY KEY, wrong TEXT NOT NULL);

-- Payments. version goes up by one with each change of state. day: the day whose limit it counts against. reason:
-- why it was declined. intent: the processor's id of the charge. Updates find free space in the page of the row.
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
) PARTITION BY RANGE (authorisation);
CREATE TABLE authorisations_default PARTITION OF authorisations DEFAULT WITH (fillfactor = 50);
CREATE INDEX authorisations_of ON authorisations (account, authorisation);
CREATE INDEX authorisations_at ON authorisations (till, authorisation);

-- Payments that are not final, and since when no process has worked on them. This is no index of authorisations,
-- because PostgreSQL writes every index of a row again when an indexed column changes.
CREATE TABLE charges_open (authorisation BYTEA NOT NULL PRIMARY KEY, since BIGINT NOT NULL);
CREATE INDEX charges_open_since ON charges_open (since);

-- The latest payment for a till's sale number; null if a void came first and forbids it. asked: the first 8 bytes
-- of the payment's id, or of the first id of that second, divided by 2: it grows with each payment, so its index is
-- written at its end.
CREATE TABLE sales (
    till TEXT NOT NULL,
    reference TEXT NOT NULL,
    authorisation BYTEA,
    asked BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (till, reference)
);
CREATE INDEX sales_asked ON sales (asked);

-- Idempotency records: the answer to each key of a till. hash: of the request's body; null if a void came first and
-- forbids the key. authorisation: the payment that is the answer; without one, reason is. With both, another request had
-- made that payment. asked: as in sales.
CREATE TABLE idempotency (
    till TEXT NOT NULL,
    key TEXT NOT NULL,
    hash BYTEA,
    authorisation BYTEA,
    reason TEXT,
    asked BIGINT NOT NULL,
    PRIMARY KEY (till, key)
);
CREATE INDEX idempotency_asked ON idempotency (asked);

-- Codes that matched no credential, counted by day: by till, by credential, and by credential at a till. For a till
-- above its limit also the time of the last one, as count.
CREATE TABLE attempts (
    subject BYTEA NOT NULL,
    day BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (subject, day)
);
CREATE INDEX attempts_of ON attempts (day);

-- The processor's id of each account that has, or had, a card there.
CREATE TABLE customers (account BYTEA NOT NULL PRIMARY KEY, customer TEXT NOT NULL);

-- Cards, as the processor knows them; card numbers are never stored. method: the processor's id of the card.
-- is_default: 1 for the card of an account that is charged. fingerprint: as in card_owners.
CREATE TABLE cards (
    account BYTEA NOT NULL,
    card BYTEA NOT NULL,
    method TEXT NOT NULL,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    made BIGINT NOT NULL,
    is_default BIGINT NOT NULL,
    fingerprint BYTEA,
    PRIMARY KEY (account, card)
);

-- The accounts that have a card in common, two at most. fingerprint: a keyed hash of what the processor knows the card's
-- number by. place: 1 or 2.
CREATE TABLE card_owners (
    fingerprint BYTEA NOT NULL,
    place BIGINT NOT NULL,
    account BYTEA NOT NULL,
    PRIMARY KEY (fingerprint, place)
);
CREATE INDEX card_owners_of ON card_owners (account);

-- Removed cards that the processor has still to delete, not before due.
CREATE TABLE cards_gone (method TEXT NOT NULL PRIMARY KEY, due BIGINT NOT NULL);
CREATE INDEX cards_gone_due ON cards_gone (due);

-- The registration of a card that an account has open, by the processor's id of the setup intent. card: the id that the
-- card will have. session, device, epoch, generation and made say where and when it was begun. failed: the attempts of
-- its holder that failed, as far as they were counted. due: when the processor is asked for them again.
CREATE TABLE card_setups (
    account BYTEA NOT NULL PRIMARY KEY,
    setup TEXT NOT NULL,
    card BYTEA NOT NULL,
    session BIGINT NOT NULL,
    device BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    made BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    due BIGINT NOT NULL
);
CREATE INDEX card_setups_due ON card_setups (due);

-- Registrations that came to no card of an account, which the processor has still to cancel, not before due.
CREATE TABLE card_setups_gone (setup TEXT NOT NULL PRIMARY KEY, due BIGINT NOT NULL);
CREATE INDEX card_setups_gone_due ON card_setups_gone (due);
