CREATE TABLE price (
    channel     TEXT NOT NULL,
    country     TEXT NOT NULL,              -- the recipient's; empty: any
    direction   TEXT NOT NULL,
    kind        TEXT NOT NULL,              -- of document; empty: any
    valid_from  TEXT NOT NULL,              -- a day
    valid_to    TEXT NOT NULL,              -- the last day; empty: until another one begins
    currency    TEXT NOT NULL,
    amount      TEXT NOT NULL,              -- a decimal number
    PRIMARY KEY (channel, country, direction, kind, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE charge (
    company_id   TEXT NOT NULL,
    id           TEXT NOT NULL,             -- what is charged: the same once, however often counted
    account_id   TEXT NOT NULL,             -- whose the company was
    document_id  TEXT NOT NULL,             -- empty: a company's month
    channel      TEXT NOT NULL,
    country      TEXT NOT NULL,
    direction    TEXT NOT NULL,
    kind         TEXT NOT NULL,
    at           INTEGER NOT NULL,          -- when it was delivered, or came back
    day          TEXT NOT NULL,             -- whose price counts
    month        TEXT NOT NULL,             -- whose statement it stands on
    units        INTEGER NOT NULL,          -- 1, or -1: taken back
    currency     TEXT,
    amount       TEXT,                      -- of one; none: there was no price
    PRIMARY KEY (company_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX charge_of_month ON charge (month, company_id);
CREATE INDEX charge_of_account ON charge (account_id, month);
CREATE INDEX charge_of_document ON charge (document_id, company_id);
CREATE INDEX charge_unpriced ON charge (month, company_id, id) WHERE amount IS NULL;

-- How far a company's events have been counted.
CREATE TABLE counted (
    company_id  TEXT PRIMARY KEY,
    seq         INTEGER NOT NULL
) STRICT;

CREATE TABLE closed_month (
    month      TEXT PRIMARY KEY,
    closed_at  INTEGER NOT NULL
) STRICT;

ALTER TABLE account ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';  -- JSON: for all its companies
