"""Peppol's certificates: our own keys, the chains we trust, and what was taken back since."""
