"""Webhooks: the events of the feed, brought to the ledger's own server as they happen.

Standard Webhooks 1.0.0. Each endpoint gets its events in order, signed, and again until it has
taken them.
"""
