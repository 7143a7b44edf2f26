CREATE TABLE register_entry (
    channel     TEXT NOT NULL,
    company_id  TEXT NOT NULL,           -- empty: the channel's own
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    state       TEXT NOT NULL,
    data        BLOB NOT NULL,           -- JSON, sealed where there is a key ring
    due_at      INTEGER,                 -- when its channel looks at it again
    version     INTEGER NOT NULL,
    PRIMARY KEY (channel, company_id, kind, name)
) STRICT;
CREATE INDEX register_entry_due ON register_entry (channel, kind, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX register_entry_of_company ON register_entry (company_id);
