"""Visma Sign on loopback: takes documents, invites nobody, and has them signed as people are."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from gateway.trust.signing import visma_wire as wire
from gateway.trust.signing.sandbox.people import Conduct, by_mail
from transports.base import Now, utc_now
from transports.http_server import HttpServer

IDENTIFIER: Final = "11111111-2222-4333-8444-555555555555"
SECRET: Final = base64.b64encode(b"the sandbox's own secret, no other's").decode()

_SIGNED: Final = b"\n% signed in the sandbox\n"


@dataclass(slots=True)
class Document:
    """A document at the service."""

    id: str
    name: str
    status: str = "new"
    file: bytes = b""
    invited: Mapping[str, Any] = field(default_factory=dict)
    asked: int = 0  # for its status, since the invitation
    reminded: int = 0

    @property
    def conduct(self) -> Conduct:
        """What the person does."""
        return by_mail(str(self.invited.get("email", "")))


class VismaSignServer(HttpServer):
    """The server; `identifier` and `secret` are what requests are signed with."""

    identifier = IDENTIFIER
    secret = SECRET

    def __init__(self, *, now: Now = utc_now) -> None:
        self.documents: dict[str, Document] = {}
        self._now = now
        at = wire.PREFIX
        super().__init__(
            [
                web.post(f"{at}/document/", self._make),
                web.post(f"{at}/document/{{id}}/files", self._add),
                web.post(f"{at}/document/{{id}}/invitations", self._invite),
                web.get(f"{at}/document/{{id}}", self._status),
                web.get(f"{at}/document/{{id}}/files/0", self._file),
                web.post(f"{at}/document/{{id}}/cancel", self._cancel),
                web.post(f"{at}/document/{{id}}/remind", self._remind),
            ],
            gate=self._let_in,
        )

    def received(self) -> Sequence[Mapping[str, Any]]:
        """What it has, without anybody's number."""
        return [
            {"document": one.name, "status": one.status, "to": one.invited.get("email", "")}
            for one in self.documents.values()
        ]

    @web.middleware
    async def _let_in(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not self.available:
            return web.Response(status=503)
        content = await request.read()
        given = request.headers
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        signature = wire.sign(
            base64.b64decode(SECRET),
            request.method,
            md5,
            given.get("Content-Type", ""),
            given.get("Date", ""),
            request.path_qs,
        )
        if given.get("Content-MD5") != md5:
            return web.Response(status=400, text="Content-MD5 is not of the body")
        if given.get("Authorization") != f"Onnistuu {IDENTIFIER}:{signature}":
            return web.Response(status=401, text="not signed with our secret")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _make(self, request: web.Request) -> web.Response:
        asked = await request.json()
        made = Document(str(uuid.uuid4()), str(asked["document"]["name"]))
        self.documents[made.id] = made
        where = f"{self.url}{wire.PREFIX}/document/{made.id}"
        return web.Response(status=201, headers={"Location": where})

    async def _add(self, request: web.Request) -> web.Response:
        document = self._one(request)
        document.file = await request.read()
        return _json({"uuid": str(uuid.uuid4())}, 201)

    async def _invite(self, request: web.Request) -> web.Response:
        document = self._one(request)
        (asked,) = await request.json()
        conduct = by_mail(str(asked["email"]))
        if conduct is Conduct.DOWN:
            return web.Response(status=503)
        if conduct is Conduct.REFUSED:
            return _json({"error": "invitation"}, 400)
        document.invited, document.status = asked, "pending"
        return _json([{"uuid": str(uuid.uuid4()), "status": "new"}], 201)

    async def _status(self, request: web.Request) -> web.Response:
        document = self._one(request)
        document.asked += 1
        if document.status == "pending":
            document.status = _after(document.conduct, document.asked)
        signed = document.status == "signed"
        name = str(document.invited.get("name", ""))
        invitation = {"status": "signed" if signed else "opened", "name": name if signed else ""}
        body = {"document": {"status": document.status, "invitations": [invitation]}}
        return _json(body)

    async def _file(self, request: web.Request) -> web.Response:
        document = self._one(request)
        content = document.file + (_SIGNED if document.status == "signed" else b"")
        return web.Response(body=content, content_type=wire.PDF)

    async def _cancel(self, request: web.Request) -> web.Response:
        document = self._one(request)
        if document.status in ("new", "pending"):
            document.status = "cancelled"
        return web.Response(status=204)

    async def _remind(self, request: web.Request) -> web.Response:
        self._one(request).reminded += 1
        return web.Response(status=204)

    def _one(self, request: web.Request) -> Document:
        found = self.documents.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        return found


def _after(conduct: Conduct, asked: int) -> str:
    match conduct:
        case Conduct.SIGNS:
            return "signed"
        case Conduct.SLOW:
            return "signed" if asked >= 3 else "pending"
        case Conduct.DECLINES:
            return "rejected"
        case Conduct.LETS_EXPIRE:
            return "expired"
        case _:
            return "pending"


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.dumps(body).encode(), content_type=wire.JSON)
