"""Svefaktura 1.0 (SFTI Basic Invoice and Object Envelope): the structure as facts."""
