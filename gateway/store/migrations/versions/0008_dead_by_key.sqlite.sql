CREATE INDEX job_dead_by_key ON job_dead (key);

CREATE INDEX registration_by_state ON registration (state, code);
