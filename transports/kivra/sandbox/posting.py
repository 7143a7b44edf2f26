"""Posts webhooks as Kivra does: signed, and again until they are answered.

Source: Kivra's payment webhooks (Standard Webhooks); ten tries, an answer within a second.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import aiohttp
from standardwebhooks import Webhook

from transports.base import Now

# After the first try, each so long after the one before.
RETRIES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)


@dataclass(slots=True)
class Post:
    """A webhook on its way. `tries` were made; `answered` is the status that ended it."""

    id: str
    body: bytes
    due_at: datetime
    tries: int = 0
    answered: int = 0

    @property
    def given_up(self) -> bool:
        """Whether no try is left."""
        return self.tries > len(RETRIES)


class Posting:
    """Webhooks to one address. `url` "" : nobody has asked for any."""

    def __init__(self, secret: str, now: Now, *, answer_s: float = 1) -> None:
        self.url = ""
        self.posts: list[Post] = []
        self._secret = secret
        self._now = now
        self._timeout = aiohttp.ClientTimeout(total=answer_s)

    def add(self, kind: str, data: dict[str, Any], due_at: datetime) -> Post:
        """A webhook that is posted when its time has come."""
        name = str(uuid5(UUID(int=0), f"{kind}/{json.dumps(data, sort_keys=True)}"))
        told = {"id": name, "timestamp": due_at.isoformat(), "type": kind, "data": data}
        post = Post(name, json.dumps(told).encode(), due_at)
        self.posts.append(post)
        return post

    async def send_due(self) -> None:
        """Makes the tries whose time has come."""
        if not self.url:
            return
        due = [
            post
            for post in self.posts
            if not post.answered and not post.given_up and post.due_at <= self._now()
        ]
        if not due:
            return
        async with aiohttp.ClientSession(timeout=self._timeout) as client:
            for post in due:
                await self._send(client, post)

    async def _send(self, client: aiohttp.ClientSession, post: Post) -> None:
        now = self._now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": post.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._secret).sign(post.id, now, post.body.decode()),
        }
        post.tries += 1
        if not post.given_up:
            post.due_at = now + RETRIES[post.tries - 1]
        try:
            async with client.post(
                self.url, data=post.body, headers=headers, allow_redirects=False
            ) as answer:
                if 200 <= answer.status < 300:
                    post.answered = answer.status
        except (aiohttp.ClientError, OSError):
            return
