"""`budkavle demo`: a handful of invoices on their way, and whether each ended as foretold.

`stories.py` is the table of what is handed in and what is foretold; `teller.py` tells them against
a running sandbox. How it looks on a terminal is in `gateway/cli/demo.py`.
"""
