-- A line of the log is never changed. Those that wait to be sealed stand here; a seal names those that it is over.
CREATE TABLE events_waiting (event BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;
INSERT INTO events_waiting SELECT event FROM events WHERE place IS NULL ORDER BY event;

-- events: the numbers, one after the other in the chain's order, of those after the seal before up to its own count.
ALTER TABLE event_seals RENAME TO seals_before;
CREATE TABLE event_seals (
    count INTEGER NOT NULL PRIMARY KEY,
    head BLOB NOT NULL,
    events BLOB NOT NULL
);
INSERT INTO event_seals SELECT s.count, s.head, COALESCE(
    (SELECT unhex(group_concat(hex(e.event), '' ORDER BY e.place)) FROM events e WHERE e.place <= s.count
        AND e.place > COALESCE((SELECT MAX(b.count) FROM seals_before b WHERE b.count < s.count), 0)), x'')
    FROM seals_before s;
DROP TABLE seals_before;

-- place is unique, so it goes by making the table anew. An index has the lines of accounts; those of payments are found
-- by the payment's number, with which their own begin.
CREATE TABLE events_anew (
    event BLOB NOT NULL PRIMARY KEY,
    account BLOB,
    deed TEXT NOT NULL,
    actor TEXT NOT NULL,
    made INTEGER NOT NULL,
    detail TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO events_anew SELECT event, account, deed, actor, made, detail FROM events ORDER BY event;
DROP TABLE events;
ALTER TABLE events_anew RENAME TO events;
CREATE INDEX events_of ON events (account, event) WHERE account IS NOT NULL;
CREATE INDEX events_closing ON events (event) WHERE deed = 'closing';
