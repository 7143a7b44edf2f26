-- People, their sessions and invitations.

CREATE TABLE person (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL,          -- empty: in none
    email        TEXT NOT NULL,
    name         TEXT NOT NULL,
    language     TEXT NOT NULL,
    role         TEXT NOT NULL,
    proof        BLOB NOT NULL,          -- JSON, sealed where there is a key ring: what they prove
                                         -- who they are with
    subject      TEXT,                   -- how an identity provider knows them: "<issuer> <sub>"
    accepted_at  INTEGER,                -- NULL: invited
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL
) STRICT;
CREATE INDEX person_of_account ON person (account_id, id);
-- An address may be invited by several, who know nothing of each other; it signs in to one.
CREATE UNIQUE INDEX person_email ON person (email) WHERE accepted_at IS NOT NULL;
CREATE UNIQUE INDEX person_subject ON person (subject) WHERE subject IS NOT NULL;

CREATE TABLE person_company (
    person_id    TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
    company_id   TEXT NOT NULL REFERENCES company,
    PRIMARY KEY (person_id, company_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_company_of ON person_company (company_id, person_id);

-- One-time links: an invitation, or a new password.
CREATE TABLE person_link (
    sha256       TEXT PRIMARY KEY,
    person_id    TEXT NOT NULL UNIQUE REFERENCES person ON DELETE CASCADE,
    until        INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    sha256       TEXT PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    person_id    TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    until        INTEGER NOT NULL,
    complete     INTEGER NOT NULL,       -- 0: the second factor is still asked for
    agent        TEXT NOT NULL
) STRICT;
CREATE INDEX session_of_person ON session (person_id, id);
CREATE INDEX session_until ON session (until);

-- A key may be the gateway's own from here on: what people prove who they are with is nobody's
-- company's. Ids are still never given twice.
CREATE TABLE company_key_2 (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: blobs name it
    company_id   TEXT REFERENCES company,            -- NULL: the gateway's own
    master       TEXT NOT NULL,                      -- the key of the ring that opens it
    wrapped      BLOB NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
INSERT INTO company_key_2 (id, company_id, master, wrapped, created_at)
    SELECT id, company_id, master, wrapped, created_at FROM company_key;
DELETE FROM sqlite_sequence WHERE name = 'company_key_2';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'company_key_2', seq FROM sqlite_sequence WHERE name = 'company_key';
DROP TABLE company_key;
ALTER TABLE company_key_2 RENAME TO company_key;
CREATE INDEX company_key_of_company ON company_key (company_id, id);
