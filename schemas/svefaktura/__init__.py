"""Svefaktura 1.0 (SFTI Basic Invoice and Object Envelope): its structure, reading and writing."""
