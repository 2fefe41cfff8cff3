-- When a till's number for a sale was taken or forbidden, so that both it and a key's answer can be dropped in time.
ALTER TABLE sales ADD COLUMN made BIGINT NOT NULL DEFAULT 0;
UPDATE sales SET made = COALESCE(
    (SELECT a.made FROM authorisations a WHERE a.authorisation = sales.authorisation),
    (SELECT MAX(a.made) FROM authorisations a), 0);
CREATE INDEX sales_made ON sales (made);
CREATE INDEX idempotency_made ON idempotency (made);
