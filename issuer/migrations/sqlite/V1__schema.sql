-- The whole schema, edited in place until 1.0: a database that another edition of this file made is refused. Times
-- are seconds since 1970. Ids (16 bytes) and hashes (32 bytes) are made by the issuer; the database numbers no row.
-- The other database's file of this name has the same tables: change both together.

-- An account's state, as JSON. version goes up by one with each change.
CREATE TABLE accounts (
    account BLOB NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    version INTEGER NOT NULL
) WITHOUT ROWID;

-- The secrets that an account's state names by number. key: 0 for an HMAC, else the number of the key it is sealed
-- under.
CREATE TABLE secrets (
    account BLOB NOT NULL,
    secret INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    key INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account, secret)
) WITHOUT ROWID;

-- How accounts are found: by the HMAC of an email address, by the hash of a session token.
CREATE TABLE handles (handle BLOB NOT NULL PRIMARY KEY, account BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX handles_of ON handles (account);
CREATE TABLE sessions (
    token BLOB NOT NULL PRIMARY KEY,
    account BLOB NOT NULL,
    session INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_of ON sessions (account, session);

-- Mails to send. A lease moves not_before forward and counts a try; a mail that was not accepted is postponed. rank: 0
-- for mails of accounts, 1 for receipts, 2 for codes that strangers asked for, 3 for sign-ups. Within a rank the lowest
-- turn goes first. queue: a keyed hash of the network or account that asked for it. Not sent from expires on.
CREATE TABLE outbox (
    mail BLOB NOT NULL PRIMARY KEY,
    account BLOB NOT NULL,
    key INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    made INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    postponed INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    queue BLOB NOT NULL,
    turn INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (rank, turn);
CREATE INDEX outbox_queues ON outbox (rank, queue, turn) WHERE rank <> 1;
CREATE INDEX outbox_expired ON outbox (expires) WHERE rank <> 1;
CREATE INDEX outbox_postponed ON outbox (not_before) WHERE postponed = 1;
-- Mails of sign-ups are also found by their account.
CREATE INDEX outbox_of ON outbox (account) WHERE rank = 3;

-- The event log; rows are never changed. Events about payments have no account: they are found by the payment's id,
-- which their own id begins with.
CREATE TABLE events (
    event BLOB NOT NULL PRIMARY KEY,
    account BLOB,
    deed TEXT NOT NULL,
    actor TEXT NOT NULL,
    made INTEGER NOT NULL,
    detail TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX events_of ON events (account, event) WHERE account IS NOT NULL;
CREATE INDEX events_closing ON events (event) WHERE deed = 'closing';

-- Events that no seal covers yet.
CREATE TABLE events_waiting (event BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;

-- Seals of the log. count: events sealed up to here. head: the hash of the chain up to here. events: the ids that
-- this seal adds to those of the seal before it, concatenated in the order of the chain.
CREATE TABLE event_seals (
    count INTEGER NOT NULL PRIMARY KEY,
    head BLOB NOT NULL,
    events BLOB NOT NULL
);

-- Months of payments and events that were taken out of authorisations and events. first and until: the ids that it begins
-- and ends before. runs: where its events are in the chain, 80 bytes for each run of them: the places of the first and
-- the last, and the chain's hash before and after it. signature: over all of it, by the key that signs checkpoints.
CREATE TABLE detached_months (
    month TEXT NOT NULL PRIMARY KEY,
    first BLOB NOT NULL,
    until BLOB NOT NULL,
    payments INTEGER NOT NULL,
    events INTEGER NOT NULL,
    runs BLOB NOT NULL,
    signature BLOB NOT NULL
) WITHOUT ROWID;

-- The state of the whole issuer: always exactly one row. stopped: a bit for each kill switch that is on.
CREATE TABLE standing (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    used_up_to INTEGER NOT NULL,
    stopped INTEGER NOT NULL
);
INSERT INTO standing VALUES (1, 0, 0, 0);

-- The currency (ISO 4217) of all payments, set by the first service that starts: one row at most.
CREATE TABLE store_currency (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    currency TEXT NOT NULL
);

-- Attempts for rate limits. key: a keyed hash of the client and the action. taken: times of the attempts, as JSON.
CREATE TABLE throttle (
    key BLOB NOT NULL PRIMARY KEY,
    taken TEXT NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX throttle_until ON throttle (until);

-- Requests that devices signed, and that were carried out: each is, once. hash: the keyed hash of path, session token and
-- body. answer: sealed under a key that takes the message to derive. Deleted after until.
CREATE TABLE signed_requests (
    device BLOB NOT NULL,
    request BLOB NOT NULL,
    hash BLOB NOT NULL,
    answer BLOB NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (device, request)
) WITHOUT ROWID;
CREATE INDEX signed_requests_until ON signed_requests (until);

-- What was asked of addresses that have no account, counted by the minute in place of events; kept for an hour.
CREATE TABLE decoy_events (
    account BLOB NOT NULL,
    deed TEXT NOT NULL,
    minute INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (account, deed, minute)
) WITHOUT ROWID;

-- Keys, wrapped under the server key. Number 0 hashes codes and addresses; numbers from 1 on seal secrets.
CREATE TABLE keys (number INTEGER NOT NULL PRIMARY KEY, wrapped BLOB NOT NULL);

-- The processes that run on this store. process: an id made at its start. key: the number of the key that it seals
-- with. beats: its signs of life so far; seen: when the last one was.
CREATE TABLE processes (
    process BLOB NOT NULL PRIMARY KEY,
    key INTEGER NOT NULL,
    beats INTEGER NOT NULL,
    seen INTEGER NOT NULL
) WITHOUT ROWID;

-- The prefixes that this issuer's codes begin with, each with its one alias period, in seconds.
CREATE TABLE prefixes (prefix TEXT NOT NULL PRIMARY KEY, period INTEGER NOT NULL) WITHOUT ROWID;

-- Payment credentials: what a phone derives codes from. number: its number in the account's state. seed and
-- alias_key are sealed, each by itself, so that the job that fills the alias index opens no seed; both are null,
-- with key, once the credential is void for good. request: the id of the request that made it. request_hash: the
-- hash of that request's body.
CREATE TABLE credentials (
    credential BLOB NOT NULL PRIMARY KEY,
    account BLOB NOT NULL,
    number INTEGER NOT NULL,
    prefix TEXT NOT NULL,
    period INTEGER NOT NULL,
    key INTEGER,
    seed BLOB,
    alias_key BLOB,
    request BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    made INTEGER NOT NULL,
    UNIQUE (account, request)
) WITHOUT ROWID;
CREATE INDEX credentials_kept ON credentials (prefix, credential) WHERE key IS NOT NULL;

-- The alias index: the alias of each credential in each period of its prefix. Two credentials may share an alias.
CREATE TABLE aliases (
    prefix TEXT NOT NULL,
    period INTEGER NOT NULL,
    alias INTEGER NOT NULL,
    credential BLOB NOT NULL,
    PRIMARY KEY (prefix, period, alias, credential)
) WITHOUT ROWID;

-- How far the alias index of a period is filled: up to and with this credential. whole: 1 once it is complete.
CREATE TABLE alias_fills (
    prefix TEXT NOT NULL,
    period INTEGER NOT NULL,
    up_to BLOB NOT NULL,
    whole INTEGER NOT NULL,
    PRIMARY KEY (prefix, period)
) WITHOUT ROWID;

-- Which credential an account pays with, written together with the account's state; each payment locks this row.
-- number: null while the account cannot pay. spent: the sum of day, the last day with a payment. counter_of and
-- counter: the number of the credential whose code was accepted last, and that code's counter, -1 before the first.
-- A later credential has a higher number, so the two together only grow. next_number: the credential that the account
-- pays with from next_from on, null if none waits.
CREATE TABLE payers (
    account BLOB NOT NULL PRIMARY KEY,
    number INTEGER,
    generation INTEGER NOT NULL,
    low_until INTEGER NOT NULL,
    day INTEGER NOT NULL DEFAULT 0,
    spent INTEGER NOT NULL DEFAULT 0,
    counter_of INTEGER NOT NULL DEFAULT 0,
    counter INTEGER NOT NULL DEFAULT -1,
    next_number INTEGER,
    next_from INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Tills. code: the hash of the enrolment code, until it is used. token: the hash of the till's bearer token.
CREATE TABLE tills (
    till TEXT NOT NULL PRIMARY KEY,
    shop TEXT NOT NULL,
    made INTEGER NOT NULL,
    code BLOB UNIQUE,
    code_until INTEGER NOT NULL,
    token BLOB UNIQUE,
    revoked INTEGER
) WITHOUT ROWID;

-- Managers of tills, whose code a void asks for. code: a keyed hash of it.
CREATE TABLE till_managers (
    till TEXT NOT NULL,
    name TEXT NOT NULL,
    code BLOB NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (till, name)
) WITHOUT ROWID;

-- When wrong manager's codes came at a till, as JSON: the last few minutes' only.
CREATE TABLE till_manager_tries (till TEXT NOT NULL PRIMARY KEY, wrong TEXT NOT NULL) WITHOUT ROWID;

-- Payments. version goes up by one with each change of state. day: the day whose limit it counts against. reason:
-- why it was declined. intent: the processor's id of the charge.
CREATE TABLE authorisations (
    authorisation BLOB NOT NULL PRIMARY KEY,
    account BLOB NOT NULL,
    credential BLOB NOT NULL,
    counter INTEGER NOT NULL,
    till TEXT NOT NULL,
    reference TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    day INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    card BLOB,
    intent TEXT,
    made INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX authorisations_of ON authorisations (account, authorisation);
CREATE INDEX authorisations_at ON authorisations (till, authorisation);

-- Payments that are not final, and since when no process has worked on them. This is no index of authorisations,
-- because PostgreSQL writes every index of a row again when an indexed column changes.
CREATE TABLE charges_open (authorisation BLOB NOT NULL PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX charges_open_since ON charges_open (since);

-- The latest payment for a till's sale number; null if a void came first and forbids it. asked: the first 8 bytes
-- of the payment's id, or of the first id of that second, divided by 2: it grows with each payment, so its index is
-- written at its end.
CREATE TABLE sales (
    till TEXT NOT NULL,
    reference TEXT NOT NULL,
    authorisation BLOB,
    asked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (till, reference)
) WITHOUT ROWID;
CREATE INDEX sales_asked ON sales (asked);

-- Idempotency records: the answer to each key of a till. hash: of the request's body; null if a void came first and
-- forbids the key. authorisation: the payment that is the answer; without one, reason is. With both, another request had
-- made that payment. asked: as in sales.
CREATE TABLE idempotency (
    till TEXT NOT NULL,
    key TEXT NOT NULL,
    hash BLOB,
    authorisation BLOB,
    reason TEXT,
    asked INTEGER NOT NULL,
    PRIMARY KEY (till, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_asked ON idempotency (asked);

-- Codes that matched no credential, counted by day: by till, by credential, and by credential at a till. For a till
-- above its limit also the time of the last one, as count.
CREATE TABLE attempts (
    subject BLOB NOT NULL,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (subject, day)
) WITHOUT ROWID;
CREATE INDEX attempts_of ON attempts (day);

-- The processor's id of each account that has, or had, a card there.
CREATE TABLE customers (account BLOB NOT NULL PRIMARY KEY, customer TEXT NOT NULL) WITHOUT ROWID;

-- Cards, as the processor knows them; card numbers are never stored. method: the processor's id of the card.
-- is_default: 1 for the card of an account that is charged. fingerprint: as in card_owners.
CREATE TABLE cards (
    account BLOB NOT NULL,
    card BLOB NOT NULL,
    method TEXT NOT NULL,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    made INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    fingerprint BLOB,
    PRIMARY KEY (account, card)
) WITHOUT ROWID;

-- The accounts that have a card in common, two at most. fingerprint: a keyed hash of what the processor knows the card's
-- number by. place: 1 or 2.
CREATE TABLE card_owners (
    fingerprint BLOB NOT NULL,
    place INTEGER NOT NULL,
    account BLOB NOT NULL,
    PRIMARY KEY (fingerprint, place)
) WITHOUT ROWID;
CREATE INDEX card_owners_of ON card_owners (account);

-- Removed cards that the processor has still to delete, not before due.
CREATE TABLE cards_gone (method TEXT NOT NULL PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX cards_gone_due ON cards_gone (due);

-- The registration of a card that an account has open, by the processor's id of the setup intent. card: the id that the
-- card will have. session, device, epoch, generation and made say where and when it was begun. failed: the attempts of
-- its holder that failed, as far as they were counted. due: when the processor is asked for them again.
CREATE TABLE card_setups (
    account BLOB NOT NULL PRIMARY KEY,
    setup TEXT NOT NULL,
    card BLOB NOT NULL,
    session INTEGER NOT NULL,
    device BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    made INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    due INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX card_setups_due ON card_setups (due);

-- Registrations that came to no card of an account, which the processor has still to cancel, not before due.
CREATE TABLE card_setups_gone (setup TEXT NOT NULL PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX card_setups_gone_due ON card_setups_gone (due);
