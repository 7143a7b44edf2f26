"""BankID on loopback: orders, hints, and people who sign, decline or do nothing."""

from __future__ import annotations

import base64
import json
import ssl
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from gateway.trust.signing.sandbox.people import ASTRID, Conduct, by_number
from transports.base import Now, utc_now
from transports.http_server import HttpServer

# As long as an order that nobody picks up lives at BankID.
_LIVES: Final = timedelta(seconds=180)
_WAY: Final = ("outstandingTransaction", "started", "userSign")


@dataclass(slots=True)
class Order:
    """An order."""

    ref: str
    text: str
    ip: str
    person: str
    begun_at: Any
    asked: int = 0
    state: str = "pending"
    hint: str = "outstandingTransaction"

    @property
    def conduct(self) -> Conduct:
        """What the person does."""
        return by_number(self.person)


class BankIdServer(HttpServer):
    """The server; with `tls` it lets in only who shows a certificate that the context trusts."""

    def __init__(self, *, now: Now = utc_now, tls: ssl.SSLContext | None = None) -> None:
        self.orders: dict[str, Order] = {}
        self._now = now
        super().__init__(
            [
                web.post("/rp/v6.0/sign", self._sign),
                web.post("/rp/v6.0/collect", self._collect),
                web.post("/rp/v6.0/cancel", self._cancel),
            ],
            gate=self._let_in,
            path="/rp/v6.0",
            tls=tls,
        )

    def received(self) -> Sequence[Mapping[str, Any]]:
        """The orders it has had, without anybody's number."""
        return [{"state": one.state, "hint": one.hint} for one in self.orders.values()]

    @web.middleware
    async def _let_in(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not self.available:
            return _error(503, "maintenance")
        if request.content_type != "application/json":
            return _error(415, "unsupportedMediaType")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _sign(self, request: web.Request) -> web.Response:
        asked = await request.json()
        try:
            text = base64.b64decode(asked["userVisibleData"], validate=True).decode()
            ip = str(asked["endUserIp"])
        except (KeyError, ValueError):
            return _error(400, "invalidParameters")
        person = str(asked.get("requirement", {}).get("personalNumber", ASTRID))
        conduct = by_number(person)
        if conduct is Conduct.DOWN:
            return _error(503, "maintenance")
        if conduct is Conduct.REFUSED or not text:
            return _error(400, "invalidParameters")
        for other in self.orders.values():  # a person has one order at a time, and then none
            if other.person == person and other.state == "pending":
                other.state, other.hint = "failed", "cancelled"
                return _error(400, "alreadyInProgress")
        made = Order(str(uuid.uuid4()), text, ip, person, self._now())
        self.orders[made.ref] = made
        names = ("autoStartToken", "qrStartToken", "qrStartSecret")
        return _json({"orderRef": made.ref, **{name: str(uuid.uuid4()) for name in names}})

    async def _collect(self, request: web.Request) -> web.Response:
        order = self.orders.get(str((await request.json()).get("orderRef")))
        if order is None:
            return _error(400, "invalidParameters")
        order.asked += 1
        if order.state == "pending":
            self._go_on(order)
        body: dict[str, Any] = {"orderRef": order.ref, "status": order.state}
        if order.state == "complete":
            body["completionData"] = _completion(order)
        else:
            body["hintCode"] = order.hint
        return _json(body)

    async def _cancel(self, request: web.Request) -> web.Response:
        order = self.orders.get(str((await request.json()).get("orderRef")))
        if order is None or order.state != "pending":
            return _error(400, "invalidParameters")
        order.state, order.hint = "failed", "cancelled"
        return _json({})

    def _go_on(self, order: Order) -> None:
        if self._now() - order.begun_at >= _LIVES:
            order.state, order.hint = "failed", "expiredTransaction"
            return
        order.hint = _WAY[min(order.asked - 1, len(_WAY) - 1)]
        match order.conduct:
            case Conduct.SIGNS if order.asked >= 2:
                order.state = "complete"
            case Conduct.SLOW if order.asked >= 4:
                order.state = "complete"
            case Conduct.DECLINES if order.asked >= 2:
                order.state, order.hint = "failed", "userCancel"
            case Conduct.LETS_EXPIRE if order.asked >= 2:
                order.state, order.hint = "failed", "startFailed"
            case _:
                pass


def _completion(order: Order) -> dict[str, Any]:
    signature = base64.b64encode(order.text.encode()).decode()
    return {
        "user": {
            "personalNumber": order.person,
            "name": "Astrid Sandlåda",
            "givenName": "Astrid",
            "surname": "Sandlåda",
        },
        "device": {"ipAddress": order.ip},
        "bankIdIssueDate": "2026-01-01",
        "signature": signature,
        "ocspResponse": base64.b64encode(b"sandbox").decode(),
    }


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json"
    )


def _error(status: int, code: str) -> web.Response:
    return _json({"errorCode": code, "details": code}, status)
