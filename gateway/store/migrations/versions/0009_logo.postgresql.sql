CREATE TABLE company_logo (
    company_id  text COLLATE "C" PRIMARY KEY REFERENCES company,
    name        text NOT NULL,
    media_type  text NOT NULL,
    content     bytea NOT NULL,          -- 256 KB at most
    at          timestamptz NOT NULL
);
