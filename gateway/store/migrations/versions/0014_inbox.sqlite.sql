-- The inbox: leases, and what became of what came in.

CREATE TABLE inbox (
    document_id  TEXT PRIMARY KEY REFERENCES document (id),
    company_id   TEXT NOT NULL,
    place        INTEGER NOT NULL UNIQUE,  -- the order in which it is given out
    state        TEXT NOT NULL,
    code         TEXT NOT NULL,
    text         TEXT NOT NULL,
    found        TEXT NOT NULL,            -- JSON
    sha256       TEXT,                     -- of the document as it came
    lease        TEXT,                     -- who has it, or had it last
    lease_until  INTEGER,
    handled_at   INTEGER,
    handled_by   TEXT,
    reference    TEXT                      -- the ERP's own
) STRICT;
CREATE INDEX inbox_by_state ON inbox (company_id, state, place);
-- What nobody has taken over yet, whatever its state.
CREATE INDEX inbox_lying ON inbox (company_id, place)
    WHERE state IN ('reading', 'new', 'blocked', 'attachment_error');
CREATE INDEX inbox_same ON inbox (company_id, sha256, place) WHERE sha256 IS NOT NULL;

INSERT INTO inbox (document_id, company_id, place, state, code, text, found, sha256)
SELECT id, company_id, seq,
    iif(confirmed_at IS NULL, 'new', 'confirmed'),
    iif(confirmed_at IS NULL, 'inbox.received', 'inbox.confirmed'),
    iif(confirmed_at IS NULL, 'It may be taken over.', 'The ERP has taken it over.'),
    '{}',
    (SELECT part.sha256 FROM part WHERE part.document_id = document.id AND part.role = 'document'
     ORDER BY part.seq LIMIT 1)
FROM document WHERE direction = 'in';

DROP INDEX document_inbox;
-- Whether a seller's number came in before.
CREATE INDEX document_again ON document (company_id, sender, number, kind, created_at)
    WHERE direction = 'in' AND number IS NOT NULL;
