"""Tokens of Kivra: one for each tenant, got when there is none, before it ends, and after a 401.

In charge of that only one is asked for at a time. Not in charge of what a refusal means for a
document.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from transports.base import Now
from transports.http import Answer, Client, NoAnswer
from transports.kivra import wire

# A token is good for eight hours; a new one is there before anybody is told that the old one ended.
EARLY: Final = timedelta(minutes=5)


class NoToken(Exception):
    """Kivra gave no token but this answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"HTTP {answer.status}")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: datetime


class Tokens:
    """The tokens of a client. `client_secret` is shown to Kivra only."""

    def __init__(
        self, client: Client, base: str, client_id: str, client_secret: str, now: Now
    ) -> None:
        login = b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Content-Type": wire.FORM}
        self._client = client
        self._url = f"{base}/v1/auth"
        self._now = now
        self._tokens: dict[str, _Token] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def call(self, tenant: str, call: Callable[[str], Awaitable[Answer]]) -> Answer:
        """Makes a call with the tenant's token, and once more with a new one where that is refused.

        `call` is given the token. Raises NoToken and http.NoAnswer; a 401 that stays is the answer.
        """
        token = await self._get(tenant, refused=None)
        answer = await call(token)
        if answer.status != 401:
            return answer
        return await call(await self._get(tenant, refused=token))

    async def _get(self, tenant: str, *, refused: str | None) -> str:
        async with self._locks.setdefault(tenant, asyncio.Lock()):
            known = self._tokens.get(tenant)
            if known and known.text != refused and self._now() < known.until - EARLY:
                return known.text
            answer = await self._ask(tenant)
            if answer.status != 200:
                raise NoToken(answer)
            try:
                text, good_s = wire.read_token(answer.body)
            except wire.Malformed:
                raise NoToken(answer) from None
            self._tokens[tenant] = _Token(text, self._now() + timedelta(seconds=good_s))
            return text

    async def _ask(self, tenant: str) -> Answer:
        try:
            return await self._client.call(
                "POST", self._url, wire.token_request(tenant), headers=self._headers
            )
        except NoAnswer as broken:  # what was handed over is no invoice
            raise NoAnswer(str(broken), handed_over=False, timed_out=broken.timed_out) from broken
