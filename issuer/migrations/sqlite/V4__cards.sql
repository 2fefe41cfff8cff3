-- Cards that are charged, as the processor knows them: never a card's number. As V1 says of times, ids and hashes.

-- What the processor calls an account that has, or had, a card there.
CREATE TABLE customers (account BLOB NOT NULL PRIMARY KEY, customer TEXT NOT NULL) WITHOUT ROWID;

-- method: what the processor charges it by. is_default: 1 for the one of an account that is charged.
CREATE TABLE cards (
    account BLOB NOT NULL,
    card BLOB NOT NULL,
    method TEXT NOT NULL,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    made INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    PRIMARY KEY (account, card)
) WITHOUT ROWID;

-- Cards that are gone here and that the processor is still to forget; not before due.
CREATE TABLE cards_gone (method TEXT NOT NULL PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX cards_gone_due ON cards_gone (due);
