-- What documents are found by. Nothing here is a truth of its own: every document that is found so
-- is looked at itself before it is shown.

ALTER TABLE document ADD COLUMN reference text;  -- what a payer states: OCR, KID

CREATE INDEX document_in_order ON document (seq);
-- Across companies: where documents stand. The few combinations of the first three columns are
-- walked side by side, each in the order of arrival.
CREATE INDEX document_standing ON document (state, code, channel, seq);

CREATE TABLE term (
    value  text COLLATE "C" NOT NULL,    -- folded: `gateway.store.terms`
    seq    bigint NOT NULL,              -- the document's
    PRIMARY KEY (value, seq)
);

-- The terms of a document, each with what it is: " n=f1001 w=nordisk w=bygg ".
CREATE TABLE naming (
    seq    bigint PRIMARY KEY,           -- the document's
    words  text NOT NULL
) WITH (fillfactor = 90);

-- Up to where older documents have no terms yet: they are given theirs bit by bit.
CREATE TABLE naming_left (
    seq  bigint PRIMARY KEY
);
INSERT INTO naming_left SELECT max(seq) FROM document HAVING count(*) > 0;

-- The rules that a document was found to break.
CREATE TABLE broken_rule (
    seq         bigint NOT NULL,         -- the document's
    rule        text COLLATE "C" NOT NULL,
    severity    text NOT NULL,
    company_id  text COLLATE "C" NOT NULL,
    at          timestamptz NOT NULL,    -- when it was found
    PRIMARY KEY (seq, rule)
);
CREATE INDEX broken_rule_by_name ON broken_rule (rule, seq);

-- What lies in an inbox, whosever it is.
CREATE INDEX inbox_lying_in ON inbox (state, document_id)
    WHERE state IN ('reading', 'new', 'blocked', 'attachment_error');
