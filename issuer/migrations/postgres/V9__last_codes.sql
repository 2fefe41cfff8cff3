-- The last code of an account that was taken stands in the row that each of its payments changes: its counter, and of which
-- of the account's credentials. Of those the later has the higher number, so that the two together only grow.
ALTER TABLE payers ADD COLUMN counter_of BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payers ADD COLUMN counter BIGINT NOT NULL DEFAULT -1;
UPDATE payers SET counter_of =
    COALESCE((SELECT MAX(c.number) FROM credentials c WHERE c.account = payers.account), 0);
UPDATE payers SET counter = COALESCE((SELECT c.counter FROM credentials c
    WHERE c.account = payers.account AND c.number = payers.counter_of), -1);
ALTER TABLE credentials DROP COLUMN counter;

-- Mails that wait stand in the order in which they were made, whosever they are. Letters are found by their account, too.
CREATE TABLE outbox_anew (
    mail BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL,
    key BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    made BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    rank BIGINT NOT NULL
);
INSERT INTO outbox_anew SELECT mail, account, key, sealed, made, not_before, tries, rank FROM outbox ORDER BY mail;
DROP TABLE outbox;
ALTER TABLE outbox_anew RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (rank, not_before);
CREATE INDEX outbox_of ON outbox (account) WHERE rank = 0;

-- When a key or a number for a sale was used, in the order in which they were asked for: the first half of the number that
-- was made for the payment, or of the first one of that second, halved. By the second alone an index over it would be
-- written all over; so it is written at its end.
DROP INDEX sales_made;
ALTER TABLE sales RENAME COLUMN made TO asked;
UPDATE sales SET asked = asked * 32768000;
CREATE INDEX sales_asked ON sales (asked);
DROP INDEX idempotency_made;
ALTER TABLE idempotency RENAME COLUMN made TO asked;
UPDATE idempotency SET asked = asked * 32768000;
CREATE INDEX idempotency_asked ON idempotency (asked);

-- Credentials change no more but when they become void for good.
ALTER TABLE credentials RESET (fillfactor);
