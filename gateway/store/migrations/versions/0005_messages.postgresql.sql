CREATE TABLE message (
    channel        text COLLATE "C" NOT NULL,
    direction      text COLLATE "C" NOT NULL,  -- in, out
    id             text COLLATE "C" NOT NULL,
    reference      text NOT NULL,              -- the envelope's own identifier
    company_id     text COLLATE "C" NOT NULL,  -- empty: the gateway itself
    document_id    text COLLATE "C",
    provider       text NOT NULL,              -- the other side's seat
    document_type  text NOT NULL,
    process        text NOT NULL,
    country        text,
    at             timestamptz NOT NULL,
    digests        bytea NOT NULL,
    receipt        bytea NOT NULL,
    PRIMARY KEY (channel, direction, id)
);
