-- Jobs whose time is a limit: a report that has to come, a status that we owe.
CREATE INDEX job_timer ON job (due_at, id) WHERE kind IN ('expect', 'peppol_status_out');

CREATE INDEX registration_in_trouble ON registration (state, updated_at) WHERE code <> '';
CREATE INDEX verification_not_verified ON verification (standing, asking, updated_at)
    WHERE standing <> 'verified';

-- How attempts ended, by the hour: the sum of what each batch added. One row an hour would be a lock
-- that all writers wait for; these rows are summed up now and then.
CREATE TABLE attempt_hour (
    channel      text NOT NULL,
    hour         timestamptz NOT NULL,
    outcome      text NOT NULL,
    n            bigint NOT NULL,
    last_at      timestamptz NOT NULL,
    code         text NOT NULL,              -- of the last one, as are those below
    text         text NOT NULL,              -- the public one
    document_id  text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX attempt_hour_by_age ON attempt_hour (hour);

INSERT INTO attempt_hour
    SELECT channel, date_trunc('hour', ended_at, 'UTC') AS hour, outcome, count(*), max(ended_at),
        (array_agg(coalesce(code, '') ORDER BY ended_at DESC, id DESC))[1],
        (array_agg(coalesce(public_text, '') ORDER BY ended_at DESC, id DESC))[1],
        (array_agg(document_id ORDER BY ended_at DESC, id DESC))[1]
    FROM attempt WHERE outcome IS NOT NULL AND ended_at IS NOT NULL
    GROUP BY channel, date_trunc('hour', ended_at, 'UTC'), outcome;
