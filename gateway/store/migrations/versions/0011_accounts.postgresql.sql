CREATE TABLE account (
    id          text COLLATE "C" PRIMARY KEY,
    name        text NOT NULL,
    created_at  timestamptz NOT NULL
);

-- Empty: in no account; no sub-unit of any.
ALTER TABLE company ADD COLUMN account_id text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE company ADD COLUMN parent_id text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX company_of_account ON company (account_id, id);
CREATE INDEX company_of_parent ON company (parent_id, id);

CREATE TABLE access_key (
    id            text COLLATE "C" PRIMARY KEY,
    account_id    text COLLATE "C" NOT NULL,  -- for all its companies; empty: for those named
    label         text NOT NULL,
    scopes        text NOT NULL,         -- words, a space between
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz,
    last_used_at  timestamptz,
    revoked_at    timestamptz
);
CREATE INDEX access_key_of_account ON access_key (account_id, id);

CREATE TABLE access_key_company (
    key_id      text COLLATE "C" NOT NULL REFERENCES access_key,
    company_id  text COLLATE "C" NOT NULL REFERENCES company,
    PRIMARY KEY (key_id, company_id)
);
CREATE INDEX access_key_company_of ON access_key_company (company_id, key_id);

-- What a key, or a token given out for one, is recognised by.
CREATE TABLE access_secret (
    sha256      text COLLATE "C" PRIMARY KEY,
    key_id      text COLLATE "C" NOT NULL REFERENCES access_key,
    scopes      text,                    -- of a token; NULL: a secret of the key itself
    until       timestamptz,             -- NULL: as long as the key
    created_at  timestamptz NOT NULL
);
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
