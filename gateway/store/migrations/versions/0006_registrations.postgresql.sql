CREATE TABLE registration (
    folded         text COLLATE "C" PRIMARY KEY,  -- of the participant's name: case is nothing
    participant    text NOT NULL,
    company_id     text COLLATE "C" NOT NULL,     -- empty: the gateway itself
    state          text NOT NULL,
    offer          text NOT NULL,                 -- JSON: what is published of it
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    migration_key  text NOT NULL,
    code           text NOT NULL,
    text           text NOT NULL,
    tries          integer NOT NULL,
    next_at        timestamptz,
    published      text NOT NULL,                 -- hash of what the publisher was told last
    confirmed_at   timestamptz,                   -- when the network last said that it is with us
    version        integer NOT NULL
);
CREATE INDEX registration_of_company ON registration (company_id, folded);

CREATE TABLE publication (
    folded  text COLLATE "C" PRIMARY KEY,
    data    text NOT NULL                         -- JSON: what our own publisher shows
);
