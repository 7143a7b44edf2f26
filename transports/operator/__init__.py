"""Carries documents over the network of the Swedish e-invoice operators."""
