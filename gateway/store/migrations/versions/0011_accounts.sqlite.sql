CREATE TABLE account (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

ALTER TABLE company ADD COLUMN account_id TEXT NOT NULL DEFAULT '';  -- empty: in no account
ALTER TABLE company ADD COLUMN parent_id TEXT NOT NULL DEFAULT '';   -- of which it is a sub-unit
CREATE INDEX company_of_account ON company (account_id, id);
CREATE INDEX company_of_parent ON company (parent_id, id);

CREATE TABLE access_key (
    id            TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL,         -- for all its companies; empty: for those that are named
    label         TEXT NOT NULL,
    scopes        TEXT NOT NULL,         -- words, a space between
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER,
    last_used_at  INTEGER,
    revoked_at    INTEGER
) STRICT;
CREATE INDEX access_key_of_account ON access_key (account_id, id);

CREATE TABLE access_key_company (
    key_id      TEXT NOT NULL REFERENCES access_key,
    company_id  TEXT NOT NULL REFERENCES company,
    PRIMARY KEY (key_id, company_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_key_company_of ON access_key_company (company_id, key_id);

-- What a key, or a token given out for one, is recognised by.
CREATE TABLE access_secret (
    sha256      TEXT PRIMARY KEY,
    key_id      TEXT NOT NULL REFERENCES access_key,
    scopes      TEXT,                    -- of a token; NULL: a secret of the key itself
    until       INTEGER,                 -- NULL: as long as the key
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX access_secret_of_key ON access_secret (key_id);
CREATE INDEX access_secret_until ON access_secret (until) WHERE until IS NOT NULL;

-- `api_key` is only read by an older program from here on; a later version drops it.
INSERT INTO access_key (id, account_id, label, scopes, created_at)
    SELECT 'key_' || substr(sha256, 1, 32), '', label, 'manage read receive send', created_at
    FROM api_key;
INSERT INTO access_key_company (key_id, company_id)
    SELECT 'key_' || substr(sha256, 1, 32), company_id FROM api_key;
INSERT INTO access_secret (sha256, key_id, created_at)
    SELECT sha256, 'key_' || substr(sha256, 1, 32), created_at FROM api_key;
