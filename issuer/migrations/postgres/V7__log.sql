-- A line of the log is never changed. Those that wait to be sealed stand here; a seal names those that it is over.
CREATE TABLE events_waiting (event BYTEA NOT NULL PRIMARY KEY);
INSERT INTO events_waiting SELECT event FROM events WHERE place IS NULL ORDER BY event;

-- events: the numbers, one after the other in the chain's order, of those after the seal before up to its own count.
ALTER TABLE event_seals ADD COLUMN events BYTEA;
UPDATE event_seals SET events = COALESCE(
    (SELECT string_agg(e.event, ''::bytea ORDER BY e.place) FROM events e WHERE e.place <= event_seals.count
        AND e.place > COALESCE((SELECT MAX(b.count) FROM event_seals b WHERE b.count < event_seals.count), 0)),
    ''::bytea);
ALTER TABLE event_seals ALTER COLUMN events SET NOT NULL;

-- An index has the lines of accounts; those of payments are found by the payment's number, with which their own begin.
DROP INDEX events_unsealed;
ALTER TABLE events DROP COLUMN place;
DROP INDEX events_of;
CREATE INDEX events_of ON events (account, event) WHERE account IS NOT NULL;
