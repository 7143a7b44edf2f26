"""Notices: people are told by e-mail what happened to their company's documents."""
