-- What documents are found by. Nothing here is a truth of its own: every document that is found so
-- is looked at itself before it is shown.

ALTER TABLE document ADD COLUMN reference TEXT;  -- what a payer states: OCR, KID

-- Across companies: where documents stand. The few combinations of the first three columns are
-- walked side by side, each in the order of arrival.
CREATE INDEX document_standing ON document (state, code, channel);

CREATE TABLE term (
    value  TEXT NOT NULL,                -- folded: `gateway.store.terms`
    seq    INTEGER NOT NULL,             -- the document's
    PRIMARY KEY (value, seq)
) STRICT, WITHOUT ROWID;

-- The terms of a document, each with what it is: " n=f1001 w=nordisk w=bygg ".
CREATE TABLE naming (
    seq    INTEGER PRIMARY KEY,          -- the document's
    words  TEXT NOT NULL
) STRICT;

-- Up to where older documents have no terms yet: they are given theirs bit by bit.
CREATE TABLE naming_left (
    seq  INTEGER PRIMARY KEY
) STRICT;
INSERT INTO naming_left SELECT max(seq) FROM document HAVING count(*) > 0;

-- The rules that a document was found to break.
CREATE TABLE broken_rule (
    seq         INTEGER NOT NULL,        -- the document's
    rule        TEXT NOT NULL,
    severity    TEXT NOT NULL,
    company_id  TEXT NOT NULL,
    at          INTEGER NOT NULL,        -- when it was found
    PRIMARY KEY (seq, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX broken_rule_by_name ON broken_rule (rule, seq);

-- What lies in an inbox, whosever it is.
CREATE INDEX inbox_lying_in ON inbox (state, document_id)
    WHERE state IN ('reading', 'new', 'blocked', 'attachment_error');
