CREATE TABLE price (
    channel     text COLLATE "C" NOT NULL,
    country     text COLLATE "C" NOT NULL,   -- the recipient's; empty: any
    direction   text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,   -- of document; empty: any
    valid_from  text COLLATE "C" NOT NULL,   -- a day
    valid_to    text COLLATE "C" NOT NULL,   -- the last day; empty: until another one begins
    currency    text NOT NULL,
    amount      text NOT NULL,               -- a decimal number
    PRIMARY KEY (channel, country, direction, kind, valid_from)
);

CREATE TABLE charge (
    company_id   text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,  -- what is charged: the same once, however often counted
    account_id   text COLLATE "C" NOT NULL,  -- whose the company was
    document_id  text COLLATE "C" NOT NULL,  -- empty: a company's month
    channel      text NOT NULL,
    country      text NOT NULL,
    direction    text NOT NULL,
    kind         text NOT NULL,
    at           timestamptz NOT NULL,       -- when it was delivered, or came back
    day          text NOT NULL,              -- whose price counts
    month        text COLLATE "C" NOT NULL,  -- whose statement it stands on
    units        integer NOT NULL,           -- 1, or -1: taken back
    currency     text,
    amount       text,                       -- of one; none: there was no price
    PRIMARY KEY (company_id, id)
);
CREATE INDEX charge_of_month ON charge (month, company_id);
CREATE INDEX charge_of_account ON charge (account_id, month);
CREATE INDEX charge_of_document ON charge (document_id, company_id);
CREATE INDEX charge_unpriced ON charge (month, company_id, id) WHERE amount IS NULL;

-- How far a company's events have been counted.
CREATE TABLE counted (
    company_id  text COLLATE "C" PRIMARY KEY,
    tx          bigint NOT NULL,
    seq         bigint NOT NULL
);

CREATE TABLE closed_month (
    month      text COLLATE "C" PRIMARY KEY,
    closed_at  timestamptz NOT NULL
);

ALTER TABLE account ADD COLUMN settings text NOT NULL DEFAULT '{}';  -- JSON: for all its companies
