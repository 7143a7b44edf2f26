-- The tables of a file from before the first version of the migrations, and an invoice on its way.

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
    FOREIGN KEY (company_id, sha256) REFERENCES blob (company_id, sha256),
    FOREIGN KEY (document_id, attempt_id) REFERENCES attempt (document_id, id)
) STRICT;
CREATE INDEX part_of_document ON part (document_id, seq);

CREATE TABLE job (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: a zombie knows its id
    document_id  TEXT NOT NULL UNIQUE REFERENCES document (id),
    company_id   TEXT NOT NULL,
    kind         TEXT NOT NULL,
    data         TEXT NOT NULL,          -- JSON
    due_at       INTEGER NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    fence        INTEGER NOT NULL DEFAULT 0,
    owner        TEXT,                   -- NULL: free to claim
    lease_until  INTEGER
) STRICT;
CREATE INDEX job_due ON job (due_at, id) WHERE owner IS NULL;
CREATE INDEX job_leased ON job (owner, lease_until) WHERE owner IS NOT NULL;

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

PRAGMA user_version = 1;

INSERT INTO company VALUES ('acme', 'Acme', 'SE', '{}', 1793606400000000);
INSERT INTO document (id, company_id, direction, state, business, version, media_type, number, kind,
                      sender, delivery, code, text, created_at, updated_at)
    VALUES ('doc_1', 'acme', 'out', 'waiting', 'none', 4, 'application/xml', 'F-1', 'invoice',
            '0007:1', '{}', 'c', 't', 1793606400000000, 1793606400000000);
INSERT INTO blob (company_id, sha256, content)
    VALUES ('acme', '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881', X'78');
INSERT INTO part (document_id, company_id, role, name, media_type, sha256, size_bytes, at)
    VALUES ('doc_1', 'acme', 'original', 'i.xml', 'application/xml',
            '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881', 1, 1793606400000000);
INSERT INTO event (id, company_id, document_id, type, at, data)
    VALUES ('evt_1', 'acme', 'doc_1', 'document.received', 1793606400000000, '{}');
INSERT INTO job (id, document_id, company_id, kind, data, due_at, tries, fence, owner, lease_until)
    VALUES (41, 'doc_1', 'acme', 'deliver', '{"leg":1}', 1793606400000000, 2, 7, 'wrk_1',
            1793606430000000);
DELETE FROM sqlite_sequence WHERE name = 'job';
INSERT INTO sqlite_sequence VALUES ('job', 99);
