-- Who has proved who they are.

CREATE TABLE verification (
    company_id   TEXT PRIMARY KEY REFERENCES company (id),
    standing     TEXT NOT NULL,
    asking       TEXT NOT NULL,
    code         TEXT NOT NULL,
    text         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    verified_at  INTEGER,
    recheck_at   INTEGER,
    closes_at    INTEGER,
    expires_at   INTEGER,
    next_at      INTEGER,
    tries        INTEGER NOT NULL,
    warned       INTEGER NOT NULL,
    record_id    TEXT NOT NULL,
    facts        TEXT NOT NULL,           -- JSON: hashes by name
    request      BLOB NOT NULL,           -- sealed: who is asked, and what the signer knows it by
    version      INTEGER NOT NULL
) STRICT;

CREATE TABLE identity_record (
    id          TEXT PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES company (id),
    at          INTEGER NOT NULL,
    how         TEXT NOT NULL,
    data        BLOB NOT NULL,            -- sealed
    proof       BLOB NOT NULL,            -- sealed; empty: none
    proof_name  TEXT NOT NULL,
    proof_type  TEXT NOT NULL,
    sha256      TEXT NOT NULL
) STRICT;
CREATE INDEX identity_record_of_company ON identity_record (company_id, at);

-- An event may be about the company itself: then it is about no document ('').
CREATE TABLE event_of_all (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL,
    company_id   TEXT NOT NULL,
    document_id  TEXT NOT NULL,
    type         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    data         TEXT NOT NULL
) STRICT;
INSERT INTO event_of_all (seq, id, company_id, document_id, type, at, data)
    SELECT seq, id, company_id, document_id, type, at, data FROM event ORDER BY seq;
-- Numbers that were given out are not given out again, also where their events are gone.
DELETE FROM sqlite_sequence WHERE name = 'event_of_all';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'event_of_all', seq FROM sqlite_sequence WHERE name = 'event';
DROP TABLE event;
ALTER TABLE event_of_all RENAME TO event;
CREATE INDEX event_of_company ON event (company_id, seq);
CREATE INDEX event_of_document ON event (document_id, seq);
