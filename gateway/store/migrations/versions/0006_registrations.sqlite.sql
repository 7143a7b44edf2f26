CREATE TABLE registration (
    folded         TEXT PRIMARY KEY,        -- of the participant's name, so that case is nothing
    participant    TEXT NOT NULL,
    company_id     TEXT NOT NULL,           -- empty: the gateway itself
    state          TEXT NOT NULL,
    offer          TEXT NOT NULL,           -- JSON: what is published of it
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    migration_key  TEXT NOT NULL,
    code           TEXT NOT NULL,
    text           TEXT NOT NULL,
    tries          INTEGER NOT NULL,
    next_at        INTEGER,
    published      TEXT NOT NULL,           -- hash of what the publisher was told last
    confirmed_at   INTEGER,                 -- when the network last said that it is with us
    version        INTEGER NOT NULL
) STRICT;
CREATE INDEX registration_of_company ON registration (company_id, folded);

CREATE TABLE publication (
    folded  TEXT PRIMARY KEY,
    data    TEXT NOT NULL                   -- JSON: what our own publisher shows
) STRICT;
