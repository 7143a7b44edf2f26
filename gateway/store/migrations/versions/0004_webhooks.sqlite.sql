CREATE TABLE endpoint (
    id           TEXT PRIMARY KEY,
    company_id   TEXT NOT NULL REFERENCES company,
    url          TEXT NOT NULL,
    types        TEXT NOT NULL,           -- JSON; empty: all
    description  TEXT NOT NULL,
    active       INTEGER NOT NULL,
    secrets      TEXT NOT NULL,           -- JSON: [[base64 of what is sealed, until], ...]
    seq          INTEGER NOT NULL,        -- of the last event that is dealt with; 0: none
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,        -- counts the changes that people make
    tries        INTEGER NOT NULL,
    next_at      INTEGER,
    code         TEXT NOT NULL,
    text         TEXT NOT NULL,
    pushes       INTEGER NOT NULL DEFAULT 0  -- how many there ever were
) STRICT;
CREATE INDEX endpoint_of_company ON endpoint (company_id, id);

CREATE TABLE push (
    endpoint_id  TEXT NOT NULL REFERENCES endpoint ON DELETE CASCADE,
    n            INTEGER NOT NULL,
    event_id     TEXT NOT NULL,
    type         TEXT NOT NULL,
    document_id  TEXT,
    seq          INTEGER,                 -- of the event
    at           INTEGER NOT NULL,
    ms           INTEGER NOT NULL,
    status       INTEGER,
    code         TEXT NOT NULL,
    text         TEXT NOT NULL,
    PRIMARY KEY (endpoint_id, n)
) STRICT, WITHOUT ROWID;
