"""Why the channel does not take an invoice: said before Kivra is asked."""

from __future__ import annotations


class Declined(Exception):
    """The invoice can not go by Kivra. `code` is the verdict's; the message is for everybody, and
    has no personal number."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)
