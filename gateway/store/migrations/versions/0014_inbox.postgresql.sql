-- The inbox: leases, and what became of what came in.

CREATE SEQUENCE inbox_seq;
CREATE TABLE inbox (
    document_id  text COLLATE "C" PRIMARY KEY,
    company_id   text COLLATE "C" NOT NULL,
    -- The order in which it is given out: as with events, by transaction and number.
    tx           bigint NOT NULL,
    seq          bigint NOT NULL DEFAULT nextval('inbox_seq'),
    state        text NOT NULL,
    code         text NOT NULL,
    text         text NOT NULL,
    found        text NOT NULL,              -- JSON
    sha256       text COLLATE "C",           -- of the document as it came
    lease        text COLLATE "C",           -- who has it, or had it last
    lease_until  timestamptz,
    handled_at   timestamptz,
    handled_by   text,
    reference    text                        -- the ERP's own
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

INSERT INTO inbox (document_id, company_id, tx, seq, state, code, text, found, sha256)
SELECT id, company_id, born_tx, nextval('inbox_seq'),
    CASE WHEN confirmed_at IS NULL THEN 'new' ELSE 'confirmed' END,
    CASE WHEN confirmed_at IS NULL THEN 'inbox.received' ELSE 'inbox.confirmed' END,
    CASE WHEN confirmed_at IS NULL THEN 'It may be taken over.' ELSE 'The ERP has taken it over.' END,
    '{}',
    (SELECT part.sha256 FROM part WHERE part.document_id = document.id AND part.role = 'document'
     ORDER BY part.seq LIMIT 1)
FROM (SELECT * FROM document WHERE direction = 'in' ORDER BY born_tx, seq) AS document;

CREATE INDEX inbox_by_state ON inbox (company_id, state, tx, seq);
-- What nobody has taken over yet, whatever its state.
CREATE INDEX inbox_lying ON inbox (company_id, tx, seq)
    WHERE state IN ('reading', 'new', 'blocked', 'attachment_error');
CREATE INDEX inbox_same ON inbox (company_id, sha256, tx, seq) WHERE sha256 IS NOT NULL;

DROP INDEX document_inbox;
-- Whether a seller's number came in before.
CREATE INDEX document_again ON document (company_id, sender, number, kind, created_at)
    WHERE direction = 'in' AND number IS NOT NULL;
