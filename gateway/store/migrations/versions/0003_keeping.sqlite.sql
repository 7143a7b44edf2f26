CREATE TABLE audit_entry (
    seq         INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    company_id  TEXT NOT NULL,           -- '': nobody's
    data        TEXT NOT NULL,           -- JSON, to the byte as it was hashed
    previous    TEXT NOT NULL,
    hash        TEXT NOT NULL
) STRICT;
CREATE INDEX audit_cut ON audit_entry (seq) WHERE action = 'audit.cut';
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit_entry BEGIN
    SELECT RAISE(ABORT, 'an audit entry is never changed');
END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit_entry
WHEN NOT EXISTS (
    SELECT 1 FROM audit_entry AS cut
    WHERE cut.action = 'audit.cut' AND cut.seq > old.seq
        AND json_extract(cut.data, '$.through') >= old.seq)
BEGIN
    SELECT RAISE(ABORT, 'an audit entry is never taken away');
END;

CREATE TABLE legal_hold (
    document_id  TEXT PRIMARY KEY,
    company_id   TEXT NOT NULL,
    reason       TEXT NOT NULL,
    at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX legal_hold_of_company ON legal_hold (company_id);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- How many parts name a blob: it goes with the last one. An index of parts by hash would cost each
-- part that is written; this costs those alone that bring the same bytes again.
ALTER TABLE blob ADD COLUMN uses INTEGER NOT NULL DEFAULT 1;
UPDATE blob SET uses = counted.n
    FROM (SELECT company_id, sha256, count(*) AS n FROM part GROUP BY company_id, sha256) AS counted
    WHERE blob.company_id = counted.company_id AND blob.sha256 = counted.sha256;

CREATE TABLE export (
    id          TEXT PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES company,
    directions  TEXT NOT NULL,           -- JSON
    start_at    INTEGER NOT NULL,
    end_at      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    gone_at     INTEGER NOT NULL,
    ready_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE export_file (
    export_id   TEXT NOT NULL REFERENCES export (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    direction   TEXT NOT NULL,
    after       TEXT NOT NULL,
    through     TEXT NOT NULL,
    documents   INTEGER NOT NULL,
    size_bytes  INTEGER NOT NULL,
    PRIMARY KEY (export_id, n)
) STRICT, WITHOUT ROWID;
