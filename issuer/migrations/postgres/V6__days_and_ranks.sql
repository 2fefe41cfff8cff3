-- So that sums of days that are over can be dropped.
CREATE INDEX spent_day ON spent (day);

-- Which mails go first: 0 is a letter, 1 a receipt, which nobody waits for. Those that wait already go first.
ALTER TABLE outbox ADD COLUMN rank BIGINT NOT NULL DEFAULT 0;
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (rank, not_before);
