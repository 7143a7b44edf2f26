-- Jobs whose time is a limit: a report that has to come, a status that we owe.
CREATE INDEX job_timer ON job (due_at, id) WHERE kind IN ('expect', 'peppol_status_out');

CREATE INDEX registration_in_trouble ON registration (state, updated_at) WHERE code <> '';
CREATE INDEX verification_not_verified ON verification (standing, asking, updated_at)
    WHERE standing <> 'verified';

-- How attempts ended, by the hour, written as they do: counting millions of attempts for a page that
-- is looked at all day would cost more than a small update for each.
CREATE TABLE attempt_hour (
    channel      TEXT NOT NULL,
    hour         INTEGER NOT NULL,       -- hours since 1970
    outcome      TEXT NOT NULL,
    n            INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    code         TEXT NOT NULL,          -- of the last one, as are those below
    text         TEXT NOT NULL,          -- the public one
    document_id  TEXT NOT NULL,
    PRIMARY KEY (channel, hour, outcome)
) STRICT, WITHOUT ROWID;

INSERT INTO attempt_hour
    SELECT channel, ended_at / 3600000000, outcome, count(*), max(ended_at), coalesce(code, ''),
        coalesce(public_text, ''), document_id
    FROM attempt WHERE outcome IS NOT NULL AND ended_at IS NOT NULL GROUP BY 1, 2, 3;
