"""The console's page of the audit: who did what, found, exported, and the chain checked."""
