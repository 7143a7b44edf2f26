CREATE TABLE audit_entry (
    seq         bigint PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor       text NOT NULL,
    action      text NOT NULL,
    subject     text NOT NULL,
    company_id  text COLLATE "C" NOT NULL,   -- '': nobody's
    data        text NOT NULL,               -- JSON, to the byte as it was hashed
    previous    text NOT NULL,
    hash        text NOT NULL
);
CREATE INDEX audit_cut ON audit_entry (seq) WHERE action = 'audit.cut';
CREATE FUNCTION audit_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'an audit entry is never changed';
    ELSIF NOT EXISTS (
        SELECT 1 FROM audit_entry AS cut
        WHERE cut.action = 'audit.cut' AND cut.seq > OLD.seq
            AND (cut.data::json ->> 'through')::bigint >= OLD.seq)
    THEN
        RAISE EXCEPTION 'an audit entry is never taken away';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_refused();

CREATE TABLE legal_hold (
    document_id  text COLLATE "C" PRIMARY KEY,
    company_id   text COLLATE "C" NOT NULL,
    reason       text NOT NULL,
    at           timestamptz NOT NULL
);
CREATE INDEX legal_hold_of_company ON legal_hold (company_id);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- How many parts name a blob: it goes with the last one. Bringing the same bytes again locks the
-- row, so that nobody takes away what another transaction is just about to name.
ALTER TABLE blob ADD COLUMN uses integer NOT NULL DEFAULT 1;
UPDATE blob SET uses = counted.n
    FROM (SELECT company_id, sha256, count(*) AS n FROM part GROUP BY company_id, sha256) AS counted
    WHERE blob.company_id = counted.company_id AND blob.sha256 = counted.sha256;

CREATE TABLE export (
    id          text COLLATE "C" PRIMARY KEY,
    company_id  text COLLATE "C" NOT NULL REFERENCES company,
    directions  text NOT NULL,               -- JSON
    start_at    timestamptz NOT NULL,
    end_at      timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    gone_at     timestamptz NOT NULL,
    ready_at    timestamptz
);

CREATE TABLE export_file (
    export_id   text COLLATE "C" NOT NULL REFERENCES export ON DELETE CASCADE,
    n           integer NOT NULL,
    direction   text NOT NULL,
    after       text NOT NULL,
    through     text NOT NULL,
    documents   integer NOT NULL,
    size_bytes  bigint NOT NULL,
    PRIMARY KEY (export_id, n)
);
