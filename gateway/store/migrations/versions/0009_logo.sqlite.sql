CREATE TABLE company_logo (
    company_id  TEXT PRIMARY KEY REFERENCES company,
    name        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    content     BLOB NOT NULL,           -- 256 KB at most
    at          INTEGER NOT NULL
) STRICT;
