"""What a key, a client or a person may do.

In charge of the words. Not in charge of who has which (`gateway.trust`), nor of which operation
asks for which (`gateway.api`, on its operations).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """A right within the companies that somebody was given."""

    READ = "read"  # see documents, events, the inbox, agreements, settings and usage
    SEND = "send"  # hand documents in, and act on them: hold, release, retry, cancel ...
    RECEIVE = "receive"  # take documents over from the inbox, repair and answer them
    MANAGE = "manage"  # settings, participants, agreements, webhooks, keys and people


EVERY: Final = frozenset(Scope)
