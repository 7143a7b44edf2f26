-- The page of a document asks for these by its id.
CREATE INDEX message_of_document ON message (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX push_of_document ON push (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX audit_about ON audit_entry (subject);

-- The audit is asked who did what, and which names there are.
CREATE INDEX audit_by ON audit_entry (actor);
CREATE INDEX audit_of_kind ON audit_entry (action);
CREATE INDEX audit_whose ON audit_entry (company_id);
CREATE INDEX audit_when ON audit_entry (at);
