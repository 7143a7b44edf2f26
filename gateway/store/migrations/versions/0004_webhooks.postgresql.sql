CREATE TABLE endpoint (
    id           text COLLATE "C" PRIMARY KEY,
    company_id   text COLLATE "C" NOT NULL REFERENCES company,
    url          text NOT NULL,
    types        text NOT NULL,              -- JSON; empty: all
    description  text NOT NULL,
    active       boolean NOT NULL,
    secrets      text NOT NULL,              -- JSON: [[base64 of what is sealed, until], ...]
    tx           bigint NOT NULL,            -- the place of the last event that is dealt with;
    seq          bigint NOT NULL,            -- 0, 0: none
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    version      integer NOT NULL,           -- counts the changes that people make
    tries        integer NOT NULL,
    next_at      timestamptz,
    code         text NOT NULL,
    text         text NOT NULL,
    pushes       bigint NOT NULL DEFAULT 0   -- how many there ever were
) WITH (fillfactor = 70);
CREATE INDEX endpoint_of_company ON endpoint (company_id, id);

CREATE TABLE push (
    endpoint_id  text COLLATE "C" NOT NULL REFERENCES endpoint ON DELETE CASCADE,
    n            bigint NOT NULL,
    event_id     text NOT NULL,
    type         text NOT NULL,
    document_id  text,
    tx           bigint,                     -- of the event, and
    seq          bigint,                     -- its number
    at           timestamptz NOT NULL,
    ms           integer NOT NULL,
    status       integer,
    code         text NOT NULL,
    text         text NOT NULL,
    PRIMARY KEY (endpoint_id, n)
);
