-- Times are microseconds since 1970 (UTC), named `_at` or `_until`. Every table with a company's
-- rows says which company.

CREATE TABLE company (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    country     TEXT NOT NULL,
    settings    TEXT NOT NULL,           -- JSON
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE participant (
    folded      TEXT PRIMARY KEY,        -- compared without case
    company_id  TEXT NOT NULL REFERENCES company,
    n           INTEGER NOT NULL,        -- the company's own order
    name        TEXT NOT NULL            -- as the company writes it
) STRICT;
CREATE INDEX participant_of_company ON participant (company_id, n);

CREATE TABLE api_key (
    sha256      TEXT PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES company,
    label       TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE document (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of arrival, never used twice
    id              TEXT NOT NULL UNIQUE,
    company_id      TEXT NOT NULL REFERENCES company,
    direction       TEXT NOT NULL,
    state           TEXT NOT NULL,
    business        TEXT NOT NULL,
    version         INTEGER NOT NULL,
    media_type      TEXT NOT NULL,
    number          TEXT,
    kind            TEXT,
    sender_name     TEXT,
    recipient_name  TEXT,
    sender          TEXT,
    recipient       TEXT,
    issue_date      TEXT,
    due_date        TEXT,
    amount_due      TEXT,                -- a decimal number
    currency        TEXT,
    delivery        TEXT NOT NULL,       -- JSON
    channel         TEXT,
    code            TEXT NOT NULL,
    text            TEXT NOT NULL,
    next_at         INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    confirmed_at    INTEGER,
    arrival_key     TEXT                 -- inbound: what tells a repeat
) STRICT;
CREATE INDEX document_list ON document (company_id, direction, seq);
CREATE INDEX document_by_state ON document (company_id, direction, state, seq);
CREATE INDEX document_by_number ON document (company_id, direction, number, seq)
    WHERE number IS NOT NULL;
-- Whether a seller's number was used before.
CREATE INDEX document_unique ON document (company_id, sender, number, kind, created_at)
    WHERE direction = 'out' AND number IS NOT NULL;
CREATE INDEX document_inbox ON document (company_id, seq)
    WHERE direction = 'in' AND confirmed_at IS NULL;
CREATE UNIQUE INDEX document_arrival ON document (company_id, arrival_key)
    WHERE arrival_key IS NOT NULL;

-- How many documents are in each state, kept by triggers: metrics ask every few seconds, and
-- counting millions of rows each time would cost more than the two small updates.
CREATE TABLE document_count (
    state  TEXT PRIMARY KEY,
    n      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER document_counted AFTER INSERT ON document BEGIN
    INSERT INTO document_count VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER document_recounted AFTER UPDATE OF state ON document
WHEN old.state <> new.state BEGIN
    UPDATE document_count SET n = n - 1 WHERE state = old.state;
    INSERT INTO document_count VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER document_uncounted AFTER DELETE ON document BEGIN
    UPDATE document_count SET n = n - 1 WHERE state = old.state;
END;

CREATE TABLE idempotency (
    company_id      TEXT NOT NULL REFERENCES company,
    key             TEXT NOT NULL,
    request_sha256  TEXT NOT NULL,
    document_id     TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (company_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
    id          INTEGER PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES company,
    sha256      TEXT NOT NULL,
    content     BLOB,                    -- NULL: in a file of this company and hash
    UNIQUE (company_id, sha256)
) STRICT;

CREATE TABLE route_leg (
    document_id  TEXT NOT NULL REFERENCES document (id),
    n            INTEGER NOT NULL,
    channel      TEXT NOT NULL,
    key          TEXT NOT NULL UNIQUE,
    state        TEXT NOT NULL,
    address      TEXT,
    reference    TEXT,
    expects      TEXT,
    until        INTEGER,
    PRIMARY KEY (document_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    document_id  TEXT NOT NULL REFERENCES document (id),
    id           TEXT NOT NULL,
    leg          INTEGER NOT NULL,
    channel      TEXT NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    outcome      TEXT,
    code         TEXT,
    text         TEXT,
    public_text  TEXT,
    remote       TEXT,
    PRIMARY KEY (document_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE part (
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
CREATE INDEX part_of_document ON part (document_id, seq);

CREATE TABLE job (
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

CREATE TABLE event (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,  -- one writer commits in this order
    id           TEXT NOT NULL,
    company_id   TEXT NOT NULL,
    document_id  TEXT NOT NULL REFERENCES document (id),
    type         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    data         TEXT NOT NULL           -- JSON
) STRICT;
CREATE INDEX event_of_company ON event (company_id, seq);
CREATE INDEX event_of_document ON event (document_id, seq);

CREATE TABLE report_seen (
    key        TEXT NOT NULL,
    report_id  TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (key, report_id)
) STRICT, WITHOUT ROWID;

-- Programs from before these versions look here, and leave a file alone that is not theirs.
PRAGMA user_version = 2;
