"""Kivra: digital mail to Swedish people and companies."""
