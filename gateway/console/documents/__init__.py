"""The page of one document: where it stands, what was done with it, and the bytes to prove it.

Start reading in `pages`: it reads the store and hands rows to one module for each tab, each of them
pure. `sentence` says in words where a document stands.
"""
