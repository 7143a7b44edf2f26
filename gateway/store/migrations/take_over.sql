-- What makes a file from before the first version (`user_version` 1) one of that version.

CREATE TABLE job_in_line (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: a zombie knows its id
    key          TEXT NOT NULL UNIQUE,   -- a document's main job: its id; a timer: id/name
    company_id   TEXT NOT NULL,          -- '': the gateway's own
    document_id  TEXT NOT NULL,          -- '': about no document
    kind         TEXT NOT NULL,
    lane         TEXT NOT NULL,
    priority     INTEGER NOT NULL DEFAULT 0,
    data         TEXT NOT NULL,          -- JSON
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'leased')),
    due_at       INTEGER NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    fence        INTEGER NOT NULL DEFAULT 0,
    owner        TEXT,                   -- who holds it; NULL unless leased
    lease_until  INTEGER
) STRICT;
INSERT INTO job_in_line (id, key, company_id, document_id, kind, lane, data, state, due_at, tries,
                         fence)
    SELECT id, document_id, company_id, document_id, kind, kind, data, 'waiting', due_at, tries,
           fence
    FROM job;
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'job')
    WHERE name = 'job_in_line';
DROP TABLE job;
ALTER TABLE job_in_line RENAME TO job;
-- A claim looks at the ready ones alone, however many wait for a later day.
CREATE INDEX job_waiting ON job (due_at) WHERE state = 'waiting';
CREATE INDEX job_ready ON job (lane, company_id, priority DESC, due_at, id) WHERE state = 'ready';
CREATE INDEX job_leased ON job (lane, owner, lease_until) WHERE state = 'leased';

CREATE TABLE job_dead (
    id           INTEGER PRIMARY KEY,    -- the job's
    key          TEXT NOT NULL,
    company_id   TEXT NOT NULL,
    document_id  TEXT NOT NULL,
    kind         TEXT NOT NULL,
    lane         TEXT NOT NULL,
    priority     INTEGER NOT NULL,
    data         TEXT NOT NULL,
    tries        INTEGER NOT NULL,
    code         TEXT NOT NULL,
    text         TEXT NOT NULL,
    died_at      INTEGER NOT NULL
) STRICT;

-- Lanes that have limits or are paused. Without limits, `tokens` and all that follow are NULL or 0.
CREATE TABLE lane (
    name         TEXT PRIMARY KEY,
    paused       INTEGER NOT NULL DEFAULT 0,
    rate_per_s   REAL,
    burst        INTEGER,
    at_once      INTEGER,
    trip_after   INTEGER,
    rest_s       REAL,
    tokens       REAL,
    refilled_at  INTEGER,
    fails        INTEGER NOT NULL DEFAULT 0,
    open_until   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
    name   TEXT PRIMARY KEY,
    value  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Whether a seller's number was used before.
CREATE INDEX document_unique ON document (company_id, sender, number, kind, created_at)
    WHERE direction = 'out' AND number IS NOT NULL;

CREATE TABLE part_without_blob (
    seq          INTEGER PRIMARY KEY,
    document_id  TEXT NOT NULL REFERENCES document (id),
    company_id   TEXT NOT NULL,
    role         TEXT NOT NULL,
    name         TEXT NOT NULL,
    media_type   TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    size_bytes   INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    attempt_id   TEXT,
    -- None to the blob: taking one away would search all parts.
    FOREIGN KEY (document_id, attempt_id) REFERENCES attempt (document_id, id)
) STRICT;
INSERT INTO part_without_blob SELECT * FROM part;
DROP TABLE part;
ALTER TABLE part_without_blob RENAME TO part;
CREATE INDEX part_of_document ON part (document_id, seq);

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version (version_num) VALUES ('0001');
PRAGMA user_version = 2;
