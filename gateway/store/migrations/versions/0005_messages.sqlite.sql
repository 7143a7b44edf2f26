CREATE TABLE message (
    channel        TEXT NOT NULL,
    direction      TEXT NOT NULL,           -- in, out
    id             TEXT NOT NULL,
    reference      TEXT NOT NULL,           -- the envelope's own identifier
    company_id     TEXT NOT NULL,           -- empty: the gateway itself
    document_id    TEXT,
    provider       TEXT NOT NULL,           -- the other side's seat
    document_type  TEXT NOT NULL,
    process        TEXT NOT NULL,
    country        TEXT,
    at             INTEGER NOT NULL,
    digests        BLOB NOT NULL,
    receipt        BLOB NOT NULL,
    PRIMARY KEY (channel, direction, id)
) STRICT;
