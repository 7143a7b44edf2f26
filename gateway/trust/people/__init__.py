"""People: their roles, what they prove who they are with, their sessions.

Start reading in `roles`. Where they meet a browser is `gateway.console`; the rows are
`gateway.store.people`.
"""
