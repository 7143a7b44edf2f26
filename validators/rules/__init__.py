"""The rules, a module for each part of a document or for each kind of small document.

A module begins with the table of its rules (official id, flag, business terms); grep for an id
finds the table, the function, the texts in `validators/messages/` and the test. Which modules make
up a profile stands in `validators/profiles.py`.
"""
