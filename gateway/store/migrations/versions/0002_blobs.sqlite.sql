ALTER TABLE blob ADD COLUMN folder TEXT;     -- where the bytes are when the row has none
ALTER TABLE blob ADD COLUMN key_id INTEGER;  -- the company key they are sealed with
UPDATE blob SET folder = substr(sha256, 1, 2) WHERE content IS NULL;

CREATE TABLE company_key (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: blobs name it
    company_id  TEXT NOT NULL REFERENCES company,
    master      TEXT NOT NULL,           -- the key of the ring that opens it
    wrapped     BLOB NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX company_key_of_company ON company_key (company_id, id);
