"""The console's pages of rules: which count when, which documents break most, and one to try."""
