-- Who has proved who they are.

CREATE TABLE verification (
    company_id   text COLLATE "C" PRIMARY KEY REFERENCES company (id),
    standing     text NOT NULL,
    asking       text NOT NULL,
    code         text NOT NULL,
    text         text NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    verified_at  timestamptz,
    recheck_at   timestamptz,
    closes_at    timestamptz,
    expires_at   timestamptz,
    next_at      timestamptz,
    tries        integer NOT NULL,
    warned       integer NOT NULL,
    record_id    text NOT NULL,
    facts        text NOT NULL,           -- JSON: hashes by name
    request      bytea NOT NULL,          -- sealed: who is asked, and what the signer knows it by
    version      integer NOT NULL
);

CREATE TABLE identity_record (
    id          text COLLATE "C" PRIMARY KEY,
    company_id  text COLLATE "C" NOT NULL REFERENCES company (id),
    at          timestamptz NOT NULL,
    how         text NOT NULL,
    data        bytea NOT NULL,           -- sealed
    proof       bytea NOT NULL,           -- sealed; empty: none
    proof_name  text NOT NULL,
    proof_type  text NOT NULL,
    sha256      text NOT NULL
);
CREATE INDEX identity_record_of_company ON identity_record (company_id, at);
