-- The numbers of transactions begin anew in a database that was restored from a dump. What the dump
-- brought along has higher ones, so from there on this much is added to them (see `events.py`).
CREATE TABLE numbering (
    system_identifier  text NOT NULL,        -- of the database cluster that gives the numbers
    offset_tx          bigint NOT NULL
);
INSERT INTO numbering SELECT system_identifier, 0 FROM pg_control_system();
CREATE FUNCTION this_tx() RETURNS bigint STABLE LANGUAGE sql
    AS 'SELECT pg_current_xact_id()::text::bigint + offset_tx FROM numbering';
-- Every transaction with a lower number has ended.
CREATE FUNCTION settled_tx() RETURNS bigint STABLE LANGUAGE sql
    AS 'SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + offset_tx FROM numbering';

CREATE TABLE company (
    id          text COLLATE "C" PRIMARY KEY,
    name        text NOT NULL,
    country     text NOT NULL,
    settings    text NOT NULL,               -- JSON
    created_at  timestamptz NOT NULL
);

CREATE TABLE participant (
    folded      text COLLATE "C" PRIMARY KEY,  -- compared without case
    company_id  text COLLATE "C" NOT NULL REFERENCES company,
    n           integer NOT NULL,            -- the company's own order
    name        text NOT NULL                -- as the company writes it
);
CREATE INDEX participant_of_company ON participant (company_id, n);

CREATE TABLE api_key (
    sha256      text COLLATE "C" PRIMARY KEY,
    company_id  text COLLATE "C" NOT NULL REFERENCES company,
    label       text NOT NULL,
    created_at  timestamptz NOT NULL
);

CREATE SEQUENCE document_seq;
CREATE TABLE document (
    id              text COLLATE "C" PRIMARY KEY,
    company_id      text COLLATE "C" NOT NULL,
    seq             bigint NOT NULL DEFAULT nextval('document_seq'),  -- the order of arrival
    born_tx         bigint NOT NULL,         -- the transaction that wrote it first
    tx              bigint NOT NULL,         -- and last
    direction       text NOT NULL,
    state           text NOT NULL,
    business        text NOT NULL,
    version         integer NOT NULL,
    media_type      text NOT NULL,
    number          text COLLATE "C",
    kind            text COLLATE "C",
    sender_name     text,
    recipient_name  text,
    sender          text COLLATE "C",
    recipient       text,
    issue_date      text,
    due_date        text,
    amount_due      text,                    -- a decimal number
    currency        text,
    delivery        text NOT NULL,           -- JSON
    channel         text,
    code            text NOT NULL,
    text            text NOT NULL,
    next_at         timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    confirmed_at    timestamptz
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX document_list ON document (company_id, direction, seq);
CREATE INDEX document_by_state ON document (company_id, direction, state, seq);
CREATE INDEX document_by_number ON document (company_id, direction, number, seq)
    WHERE number IS NOT NULL;
CREATE INDEX document_inbox ON document (company_id, born_tx, seq)
    WHERE direction = 'in' AND confirmed_at IS NULL;
-- Whether a seller's number was used before.
CREATE INDEX document_unique ON document (company_id, sender, number, kind, created_at)
    WHERE direction = 'out' AND number IS NOT NULL;

-- What tells a repeated arrival.
CREATE TABLE arrival (
    company_id   text COLLATE "C" NOT NULL,
    key          text COLLATE "C" NOT NULL,
    document_id  text COLLATE "C" NOT NULL,
    PRIMARY KEY (company_id, key)
);

-- How many documents are in each state: the sum of what each statement added and took away. One
-- row a state would be a lock that all writers wait for; these rows are summed up now and then.
CREATE TABLE document_count (
    state  text NOT NULL,
    n      bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE FUNCTION document_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO document_count SELECT state, count(*) FROM after GROUP BY state;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO document_count SELECT state, -count(*) FROM before GROUP BY state;
    ELSE
        INSERT INTO document_count
        SELECT state, sum(n)
        FROM (SELECT state, 1 FROM after UNION ALL SELECT state, -1 FROM before) AS moved (state, n)
        GROUP BY state HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER document_inserted AFTER INSERT ON document
    REFERENCING NEW TABLE AS after EXECUTE FUNCTION document_counted();
CREATE TRIGGER document_updated AFTER UPDATE ON document
    REFERENCING NEW TABLE AS after OLD TABLE AS before EXECUTE FUNCTION document_counted();
CREATE TRIGGER document_deleted AFTER DELETE ON document
    REFERENCING OLD TABLE AS before EXECUTE FUNCTION document_counted();

CREATE TABLE idempotency (
    company_id      text COLLATE "C" NOT NULL,
    key             text COLLATE "C" NOT NULL,
    request_sha256  text NOT NULL,
    document_id     text COLLATE "C" NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (company_id, key)
);

CREATE TABLE blob (
    company_id  text COLLATE "C" NOT NULL,
    sha256      text COLLATE "C" NOT NULL,
    size_bytes  bigint NOT NULL,
    content     bytea,                       -- NULL: a file or an object of this folder
    folder      text,
    key_id      bigint,                      -- the company key it is sealed with
    PRIMARY KEY (company_id, sha256)
);
-- Compresses XML nearly as well as the default, in a tenth of the time; not every server has it.
DO $$ BEGIN
    ALTER TABLE blob ALTER COLUMN content SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;

CREATE TABLE company_key (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- never used twice: blobs name it
    company_id  text COLLATE "C" NOT NULL REFERENCES company,
    master      text NOT NULL,               -- the key of the ring that opens it
    wrapped     bytea NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX company_key_of_company ON company_key (company_id, id);

CREATE TABLE route_leg (
    document_id  text COLLATE "C" NOT NULL,
    n            integer NOT NULL,
    channel      text NOT NULL,
    key          uuid NOT NULL UNIQUE,
    state        text NOT NULL,
    address      text,
    reference    text,
    expects      text,
    until        timestamptz,
    PRIMARY KEY (document_id, n)
) WITH (fillfactor = 80);

CREATE TABLE job (
    id           bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    key          text COLLATE "C" NOT NULL UNIQUE,  -- a document's main job: its id; a timer: id/name
    company_id   text COLLATE "C" NOT NULL,  -- '': the gateway's own
    document_id  text COLLATE "C" NOT NULL,  -- '': about no document
    kind         text NOT NULL,
    lane         text COLLATE "C" NOT NULL,
    priority     integer NOT NULL DEFAULT 0,
    data         text NOT NULL,              -- JSON
    state        text NOT NULL CHECK (state IN ('waiting', 'ready', 'leased')),
    due_at       timestamptz NOT NULL,
    tries        integer NOT NULL DEFAULT 0,
    fence        bigint NOT NULL DEFAULT 0,
    owner        text,                       -- who holds it; NULL unless leased
    lease_until  timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);
-- A claim looks at the ready ones alone, however many wait for a later day.
CREATE INDEX job_waiting ON job (due_at) WHERE state = 'waiting';
CREATE INDEX job_ready ON job (lane, company_id, priority DESC, due_at, id) WHERE state = 'ready';
-- There are never more of these than all workers together have room for.
CREATE INDEX job_leased ON job (lane) WHERE state = 'leased';

CREATE TABLE job_dead (
    id           bigint PRIMARY KEY,         -- the job's
    key          text NOT NULL,
    company_id   text COLLATE "C" NOT NULL,
    document_id  text COLLATE "C" NOT NULL,
    kind         text NOT NULL,
    lane         text NOT NULL,
    priority     integer NOT NULL,
    data         text NOT NULL,
    tries        integer NOT NULL,
    code         text NOT NULL,
    text         text NOT NULL,
    died_at      timestamptz NOT NULL
);

-- Lanes that have limits or are paused. Without limits, `tokens` and all that follow are NULL or 0.
CREATE TABLE lane (
    name         text COLLATE "C" PRIMARY KEY,
    paused       boolean NOT NULL DEFAULT false,
    rate_per_s   double precision,
    burst        integer,
    at_once      integer,
    trip_after   integer,
    rest_s       double precision,
    tokens       double precision,
    refilled_at  timestamptz,
    fails        integer NOT NULL DEFAULT 0,
    open_until   timestamptz
) WITH (fillfactor = 20);

CREATE TABLE secret (
    name   text PRIMARY KEY,
    value  bytea NOT NULL
);

CREATE TABLE report_seen (
    key        uuid NOT NULL,
    report_id  text COLLATE "C" NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (key, report_id)
);

CREATE TABLE attempt (
    document_id  text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,
    leg          integer NOT NULL,
    channel      text NOT NULL,
    started_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    outcome      text,
    code         text,
    text         text,
    public_text  text,
    remote       text,
    PRIMARY KEY (document_id, id)
) PARTITION BY RANGE (document_id);

CREATE SEQUENCE part_seq;
CREATE TABLE part (
    document_id  text COLLATE "C" NOT NULL,
    seq          bigint NOT NULL DEFAULT nextval('part_seq'),
    company_id   text COLLATE "C" NOT NULL,
    role         text NOT NULL,
    name         text NOT NULL,
    media_type   text NOT NULL,
    sha256       text COLLATE "C" NOT NULL,
    size_bytes   bigint NOT NULL,
    at           timestamptz NOT NULL,
    attempt_id   text COLLATE "C",
    PRIMARY KEY (document_id, seq)
) PARTITION BY RANGE (document_id);

CREATE SEQUENCE event_seq;
CREATE TABLE event (
    document_id  text COLLATE "C" NOT NULL,
    tx           bigint NOT NULL,
    seq          bigint NOT NULL DEFAULT nextval('event_seq'),
    id           text COLLATE "C" NOT NULL,
    company_id   text COLLATE "C" NOT NULL,
    type         text NOT NULL,
    at           timestamptz NOT NULL,
    data         text NOT NULL,              -- JSON
    PRIMARY KEY (document_id, tx, seq)
) PARTITION BY RANGE (document_id);
CREATE INDEX event_of_company ON event (company_id, tx, seq);

-- Rows of documents whose month has no partition: none, as long as partitions are made ahead.
CREATE TABLE attempt_else PARTITION OF attempt DEFAULT;
CREATE TABLE part_else PARTITION OF part DEFAULT;
CREATE TABLE event_else PARTITION OF event DEFAULT;
