CREATE INDEX message_by_age ON message (at);
