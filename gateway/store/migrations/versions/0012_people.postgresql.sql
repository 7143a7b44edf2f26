-- People, their sessions and invitations.

CREATE TABLE person (
    id           text COLLATE "C" PRIMARY KEY,
    account_id   text COLLATE "C" NOT NULL,  -- empty: in none
    email        text COLLATE "C" NOT NULL,
    name         text NOT NULL,
    language     text NOT NULL,
    role         text NOT NULL,
    proof        bytea NOT NULL,             -- JSON, sealed where there is a key ring: what they
                                             -- prove who they are with
    subject      text COLLATE "C",           -- how an identity provider knows them: "<issuer> <sub>"
    accepted_at  timestamptz,                -- NULL: invited
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    version      integer NOT NULL
);
CREATE INDEX person_of_account ON person (account_id, id);
-- An address may be invited by several, who know nothing of each other; it signs in to one.
CREATE UNIQUE INDEX person_email ON person (email) WHERE accepted_at IS NOT NULL;
CREATE UNIQUE INDEX person_subject ON person (subject) WHERE subject IS NOT NULL;

CREATE TABLE person_company (
    person_id    text COLLATE "C" NOT NULL REFERENCES person ON DELETE CASCADE,
    company_id   text COLLATE "C" NOT NULL REFERENCES company,
    PRIMARY KEY (person_id, company_id)
);
CREATE INDEX person_company_of ON person_company (company_id, person_id);

-- One-time links: an invitation, or a new password.
CREATE TABLE person_link (
    sha256       text COLLATE "C" PRIMARY KEY,
    person_id    text COLLATE "C" NOT NULL UNIQUE REFERENCES person ON DELETE CASCADE,
    until        timestamptz NOT NULL
);

CREATE TABLE session (
    sha256       text COLLATE "C" PRIMARY KEY,
    id           text COLLATE "C" NOT NULL UNIQUE,
    person_id    text COLLATE "C" NOT NULL REFERENCES person ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    complete     boolean NOT NULL,           -- false: the second factor is still asked for
    agent        text NOT NULL
);
CREATE INDEX session_of_person ON session (person_id, id);
CREATE INDEX session_until ON session (until);

-- A key may be the gateway's own from here on (NULL): what people prove who they are with is
-- nobody's company's.
ALTER TABLE company_key ALTER COLUMN company_id DROP NOT NULL;
