"""Tokens of Vipps: ours, and those that stand for a recipient.

In charge of keeping them for as long as they are good. Not in charge of what a refusal means.
A recipient's token says that the recipient wants eFaktura; it is good for a quarter of an hour.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from transports.base import Now
from transports.http import Answer, Client
from transports.vipps import wire
from transports.vipps.wire import Who

# Ours is good for a day. A new one is there before anybody is told that the old one ended.
EARLY: Final = timedelta(minutes=5)
RECIPIENT_FOR: Final = timedelta(minutes=10)
_MOST: Final = 10_000  # recipients' tokens that are kept, a few hundred bytes each


class NoToken(Exception):
    """Vipps gave no token but this answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"HTTP {answer.status}")


class Access:
    """Our own token. `base` is the address of the service; the secrets are shown to it only."""

    def __init__(
        self,
        client: Client,
        base: str,
        client_id: str,
        client_secret: str,
        subscription_key: str,
        now: Now,
    ) -> None:
        self._client = client
        self._url = f"{base}/accesstoken/get"
        self._key = {"Ocp-Apim-Subscription-Key": subscription_key}
        self._login = {"client_id": client_id, "client_secret": client_secret, **self._key}
        self._now = now
        self._lock = asyncio.Lock()
        self._token = ""
        self._until: datetime | None = None

    async def headers(self) -> Mapping[str, str]:
        """What every call carries. Raises NoToken and http.NoAnswer."""
        async with self._lock:
            if self._until is None or self._now() >= self._until - EARLY:
                answer = await self._client.call("POST", self._url, b"", headers=self._login)
                if answer.status != 200:
                    raise NoToken(answer)
                try:
                    self._token, good_s = wire.read_access_token(answer.body)
                except wire.Malformed:
                    raise NoToken(answer) from None
                self._until = self._now() + timedelta(seconds=good_s)
            return {"Authorization": f"Bearer {self._token}", **self._key}

    def refused(self) -> None:
        """It was not taken: the next call gets a new one."""
        self._until = None


class Recipients:
    """Tokens of recipients, in memory alone: they say who somebody is."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._tokens: OrderedDict[tuple[Who, str], tuple[str, datetime]] = OrderedDict()

    async def get(self, who: Who, value: str, ask: Callable[[], Awaitable[str]]) -> str:
        """The token that is known, or the one that `ask` brings."""
        token, until = self._tokens.get((who, value), ("", self._now()))
        if until <= self._now():
            token = await ask()
            self.know(who, value, token)
        return token

    def know(self, who: Who, value: str, token: str) -> None:
        """Keeps a token that has just been given."""
        self._tokens[who, value] = (token, self._now() + RECIPIENT_FOR)
        self._tokens.move_to_end((who, value))
        while len(self._tokens) > _MOST:
            self._tokens.popitem(last=False)

    def forget(self, who: Who, value: str) -> None:
        """It was not taken."""
        self._tokens.pop((who, value), None)
