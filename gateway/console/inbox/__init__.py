"""What came in: the inboxes as operators see them, repairing files, what was set aside for nobody,
and, for a company's own people, what they received."""
