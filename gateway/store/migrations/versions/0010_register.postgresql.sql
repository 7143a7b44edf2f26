CREATE TABLE register_entry (
    channel     text COLLATE "C" NOT NULL,
    company_id  text COLLATE "C" NOT NULL,     -- empty: the channel's own
    kind        text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    state       text NOT NULL,
    data        bytea NOT NULL,                -- JSON, sealed where there is a key ring
    due_at      timestamptz,                   -- when its channel looks at it again
    version     integer NOT NULL,
    PRIMARY KEY (channel, company_id, kind, name)
);
CREATE INDEX register_entry_due ON register_entry (channel, kind, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX register_entry_of_company ON register_entry (company_id);
