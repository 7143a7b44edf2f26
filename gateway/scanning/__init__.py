"""Virus scanning: the scanner that is asked (`clamd`), and one for tests (`sandbox`)."""
