-- Payments that are not over, and since when nobody has touched them. They had an index by a column that each step of a
-- payment changes; on PostgreSQL every index of the row was written anew for it.
CREATE TABLE charges_open (authorisation BLOB NOT NULL PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX charges_open_since ON charges_open (since);
INSERT INTO charges_open (authorisation, since) SELECT authorisation, changed FROM authorisations
    WHERE state IN ('authorised', 'charging', 'unknown', 'reversing');
DROP INDEX authorisations_open;

-- What an account spends is counted for its last day alone, in the row that each of its payments locks.
ALTER TABLE payers ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payers ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
UPDATE payers SET
    day = COALESCE((SELECT MAX(s.day) FROM spent s WHERE s.account = payers.account), 0),
    spent = COALESCE((SELECT s.amount FROM spent s WHERE s.account = payers.account
        ORDER BY s.day DESC LIMIT 1), 0);
DROP TABLE spent;
