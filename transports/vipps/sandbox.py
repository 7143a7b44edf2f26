"""Vipps on loopback: finds recipients, takes invoices, and misbehaves when told to.

Speaks the issuers' API over HTTP in the running event loop, checks what it is given by the API's
rules, and can act as the payer: `approve`, `delete`, and `fetch` of the document with a token that
it signs itself. The recipient's number tells what happens (`MAGIC`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

import aiohttp
import jwt
from aiohttp import web
from aiohttp.typedefs import Handler
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from schemas.identifiers import Kind, check
from transports.base import Now, utc_now
from transports.http_server import HttpServer
from transports.vipps import wire
from transports.vipps.wire import State, Who

ISSUER: Final = "vippsinvoice.sandbox"
_PROBLEMS: Final = "https://vipps.no/invoice/v1/problems"
_TOKEN_FOR: Final = timedelta(minutes=15)
_SECRET: Final = "the sandbox signs recipients' tokens with this"  # noqa: S105


class Behaviour(StrEnum):
    """What Vipps does with an invoice."""

    ACCEPT = "accept"  # takes it; the recipient sees it
    REJECT = "reject"  # takes it, and rejects it: the partner knows of no consent
    OWNER = "owner"  # takes it, and rejects it: the account is another's
    DELETE = "delete"  # takes it; the recipient deletes it
    APPROVE = "approve"  # takes it; the recipient plans the payment
    SLOW = "slow"  # takes it; the partner looks at it hours later
    REFUSE = "refuse"  # refuses its account at once
    BLACKLIST = "blacklist"  # takes nothing of this issuer
    LAPSED = "lapsed"  # says a number of times that the recipient's token has ended
    CONFLICT = "conflict"  # has another invoice of that id
    ERROR = "error"  # fails a number of times (500), then takes it
    BUSY = "busy"  # is busy a number of times (429), then takes it
    HANG = "hang"  # reads it and never answers
    DROP = "drop"  # takes it and breaks the connection, a number of times


# No such subscribers are known; 4797777776 is the API's own test user.
MAGIC: Final[Mapping[Behaviour, str]] = {
    behaviour: f"+47 999 99 9{n:02}" for n, behaviour in enumerate(Behaviour)
}
NOBODY: Final = "+47 999 99 999"
"""Known to nobody at Vipps; any other number is a user's."""


@dataclass(slots=True)
class Taken:
    """An invoice that was taken. `came` counts how often."""

    id: str
    body: bytes
    content: Mapping[str, Any]  # without the recipient's token
    recipient: str
    behaviour: Behaviour
    at: datetime
    state: str = State.CREATED
    etag: str = field(default_factory=lambda: str(uuid4()))
    problems: tuple[str, ...] = ()
    transitions: dict[str, str] = field(default_factory=dict)
    came: int = 1

    def become(self, state: State, *problems: str) -> None:
        """Changes its state."""
        self.state, self.etag, self.problems = state, str(uuid4()), problems


class Sandbox(HttpServer):
    """The server; `async with Sandbox() as vipps: ... vipps.url`.

    `times` is how often ERROR, BUSY, LAPSED and DROP misbehave for an invoice. An invoice is looked
    at `looked_at_after` it was taken, the payer acts `acted_after`, by `now`.
    """

    client_id = "sandbox"
    client_secret = "sandbox"  # noqa: S105 - a sandbox's
    subscription_key = "sandbox"

    def __init__(
        self,
        *,
        now: Now = utc_now,
        times: int = 1,
        looked_at_after: timedelta = timedelta(seconds=5),
        acted_after: timedelta = timedelta(hours=1),
    ) -> None:
        isp = "/vipps-isp/v1"
        super().__init__(
            [
                web.post("/accesstoken/get", self._access),
                web.post(f"{isp}/recipients/tokens", self._recipient),
                web.put(f"{isp}/invoices/{{id}}", self._put),
                web.get(f"{isp}/invoices/{{id}}", self._get),
                web.put(f"{isp}/invoices/{{id}}/status/revoked", self._revoke),
                web.get("/vipps-invoice/public/jwk", self._jwk),
            ],
            gate=self._gate,
            most_bytes=1024**2,
        )
        self.invoices: dict[str, Taken] = {}
        self.asked: Counter[str] = Counter()  # calls by method and path without ids
        self._now = now
        self._times = times
        self._looked_at_after = looked_at_after
        self._acted_after = acted_after
        self._misbehaved: Counter[str] = Counter()
        self._keys: dict[str, rsa.RSAPrivateKey] = {}

    def rotate(self) -> None:
        """Signs with a new key from now on; the one before it is still told."""
        made = rsa.generate_private_key(65537, 2048)
        self._keys = {**dict(list(self._keys.items())[-1:]), str(uuid4()): made}

    def received(self) -> list[dict[str, Any]]:
        """What was taken, for a page."""
        self._go_on()
        return [
            {
                "to": f"{'*' * (len(one.recipient) - 3)}{one.recipient[-3:]}",
                "number": one.content.get("subject"),
                "reference": one.id,
                "state": one.state,
            }
            for one in self.invoices.values()
        ]

    def approve(self, invoice: str) -> None:
        """The recipient plans the payment."""
        self.invoices[invoice].become(State.APPROVED)

    def delete(self, invoice: str) -> None:
        """The recipient deletes it."""
        self.invoices[invoice].become(State.DELETED)

    def token(self, url: str, **other: Any) -> str:
        """What a bank shows at an address; `other` claims instead of the right ones."""
        at = self._now()
        claims = {
            "iss": ISSUER,
            "sub": url,
            "iat": at,
            "nbf": at,
            "exp": at + timedelta(seconds=20),
            **other,
        }
        if not self._keys:
            self.rotate()
        key_id, key = list(self._keys.items())[-1]
        return jwt.encode(claims, key, "RS256", headers={"kid": key_id})

    async def fetch(self, invoice: str) -> tuple[int, bytes]:
        """Fetches the document of an invoice, as a bank does for the payer."""
        url = self.invoices[invoice].content["commercialInvoice"][0]["url"]
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, params={"token": self.token(url)}, allow_redirects=False) as got,
        ):
            return got.status, await got.read()

    # --- answers --------------------------------------------------------------------------------

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        route = request.match_info.route.resource
        self.asked[f"{request.method} {route.canonical if route else '-'}"] += 1
        if not self.available:
            return web.Response(status=503)
        public = request.path in ("/accesstoken/get", "/vipps-invoice/public/jwk")
        login = request.headers.get("Authorization"), request.headers.get(_KEY)
        if not public and login != (f"Bearer {self._access_token()}", self.subscription_key):
            return web.json_response({"responseInfo": {"responseCode": 401}}, status=401)
        return await handler(request)

    def _access_token(self) -> str:
        return f"sandbox-{self._now():%Y%m%d}"

    async def _access(self, request: web.Request) -> web.Response:
        names = ("client_id", "client_secret", _KEY)
        given = tuple(request.headers.get(name) for name in names)
        if given != (self.client_id, self.client_secret, self.subscription_key):
            return web.json_response({"error": "unauthorized_client"}, status=401)
        midnight = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        left = midnight + timedelta(days=1) - self._now()
        token = self._access_token()
        return web.json_response(
            {
                "token_type": "Bearer",
                "expires_in": str(int(left.total_seconds())),
                "access_token": token,
            }
        )

    async def _recipient(self, request: web.Request) -> web.Response:
        data = await request.json()
        value = str(data.get("value"))
        right = {
            Who.MOBILE: re.fullmatch(r"47[49]\d{7}", value) is not None,
            Who.PERSON: check(Kind.NO_FODSELSNUMMER, value),
        }
        if data.get("type") not in right:
            return _problem(400, "unknown-ident-type")
        if not right[Who(data["type"])]:
            return _problem(400, f"invalid-recipient-value-{data['type'].partition('-')[0]}")
        if value == _number(NOBODY):
            # As theirs does, the detail repeats the number.
            return _problem(404, "recipient-not-found", f"No recipient {value} could be found.")
        # The same for a quarter of an hour: a token is of its recipient, and of its time.
        seconds = int(_TOKEN_FOR.total_seconds())
        begin = int(self._now().timestamp()) // seconds * seconds
        claims = {"sub": f"{data['type']}.{value}", "iat": begin, "exp": begin + 2 * seconds}
        return web.json_response({"recipientToken": jwt.encode(claims, _SECRET, "HS256")})

    async def _put(self, request: web.Request) -> web.StreamResponse:
        body, invoice = await request.read(), request.match_info["id"]
        try:
            data = json.loads(body)
            recipient = self._recipient_of(data.pop("recipientToken"))
        except jwt.ExpiredSignatureError:
            return _problem(400, "recipient-token-expired")
        except (ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
            return _problem(400, "invalid-recipient-token")
        wrong = _wrong(invoice, data, wire.today(self._now()))
        if wrong is not None:
            return _problem(400, wrong)
        behaviour = _BEHAVIOURS.get(recipient.partition(".")[2], Behaviour.ACCEPT)
        refused = await self._refused(invoice, behaviour)
        if refused is not None:
            return refused
        known = self.invoices.get(invoice)
        if known is not None and known.content != data:
            return _problem(409, "invoice-conflict")
        if known is None:
            value = recipient.partition(".")[2]
            taken = Taken(invoice, body, data, value, behaviour, self._now())
            self.invoices[invoice] = taken
        else:
            known.came += 1
        if behaviour is Behaviour.DROP and self._misbehaves(invoice):
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=200)

    def _recipient_of(self, token: str) -> str:
        options: Any = {"verify_exp": False, "verify_iat": False}
        claims = jwt.decode(token, _SECRET, algorithms=["HS256"], options=options)
        if claims["exp"] <= self._now().timestamp():
            raise jwt.ExpiredSignatureError
        return str(claims["sub"])

    async def _refused(self, invoice: str, behaviour: Behaviour) -> web.Response | None:
        match behaviour:
            case Behaviour.HANG:
                await self.closing.wait()
                return web.Response(status=503)
            case Behaviour.REFUSE:
                return _problem(400, "invalid-payment-information-account")
            case Behaviour.BLACKLIST:
                return _problem(403, "issuer-blacklisted")
            case Behaviour.CONFLICT:
                return _problem(409, "invoice-conflict")
        if behaviour not in _PASSING or not self._misbehaves(invoice):
            return None
        status, problem = _PASSING[behaviour]
        return _problem(status, problem, headers={"Retry-After": "1"})

    async def _get(self, request: web.Request) -> web.Response:
        self._go_on()
        one = self.invoices.get(request.match_info["id"])
        if one is None:
            return _problem(404, "invoice-not-found")
        status: dict[str, Any] = {"state": one.state, "lastModified": one.at.isoformat()}
        if one.problems:
            status["problems"] = [
                {"type": f"{_PROBLEMS}/{name}", "title": name, "detail": f"of {one.recipient}"}
                for name in one.problems
            ]
        recipient = {"identType": "msisdn", "identValue": one.recipient}
        return web.json_response(
            {
                "invoiceId": one.id,
                **one.content,
                "recipient": recipient,
                "status": status,
                "etag": one.etag,
            }
        )

    async def _revoke(self, request: web.Request) -> web.Response:
        self._go_on()
        one = self.invoices.get(request.match_info["id"])
        etag, key = request.headers.get("If-Match"), request.headers.get("Idempotency-Key")
        if not etag or not key:
            return _problem(400, f"missing-header-{'idempotency-key' if etag else 'if-match'}")
        if one is None:
            return _problem(404, "invoice-not-found")
        if one.transitions.get(key) == etag:  # the same again
            return web.Response(status=204)
        if key in one.transitions:
            return _problem(409, "invoice-status-conflict")
        if one.etag != etag:
            return _problem(409, "invoice-status-etag-mismatch")
        if one.state not in (State.CREATED, State.PENDING, State.REJECTED):
            return _problem(409, "state-transition-not-allowed")
        one.transitions[key] = etag
        one.become(State.REVOKED)
        return web.Response(status=204)

    async def _jwk(self, request: web.Request) -> web.Response:
        if not self._keys:
            self.rotate()
        keys = [
            {
                **RSAAlgorithm.to_jwk(key.public_key(), as_dict=True),
                "kid": key_id,
                "use": "sig",
                "alg": "RS256",
            }
            for key_id, key in self._keys.items()
        ]
        return web.json_response({"keys": keys})

    def _go_on(self) -> None:
        """What the clock brings."""
        for one in self.invoices.values():
            looked_at_after, acted_after = self._looked_at_after, self._acted_after
            if one.behaviour is Behaviour.SLOW:
                looked_at_after += timedelta(hours=3)
            age = self._now() - one.at
            if one.state == State.CREATED and age >= looked_at_after:
                problem = _REJECTED.get(one.behaviour)
                one.become(State.REJECTED, problem) if problem else one.become(State.PENDING)
            acted = _ACTED.get(one.behaviour)
            if acted is not None and one.state == State.PENDING and age >= acted_after:
                one.become(acted)

    def _misbehaves(self, invoice: str) -> bool:
        self._misbehaved[invoice] += 1
        return self._misbehaved[invoice] <= self._times


_KEY: Final = "Ocp-Apim-Subscription-Key"

_REJECTED: Final = {
    Behaviour.REJECT: "invoice-rejected-by-partner",
    Behaviour.OWNER: "invalid-account-owner",
}
_ACTED: Final = {Behaviour.DELETE: State.DELETED, Behaviour.APPROVE: State.APPROVED}
_PASSING: Final = {
    Behaviour.ERROR: (500, "internal-server-error"),
    Behaviour.BUSY: (429, ""),
    Behaviour.LAPSED: (400, "recipient-token-expired"),
}


def _number(phone: str) -> str:
    return re.sub(r"\D", "", phone)


_BEHAVIOURS: Final = {_number(phone): behaviour for behaviour, phone in MAGIC.items()}


def _wrong(invoice: str, data: Mapping[str, Any], today: Any) -> str | None:
    """The problem with an invoice, as the API tells it at once; None where there is none."""
    match = wire.ID.fullmatch(invoice)
    if match is None or match[1] != "orgno-no":
        return "invalid-invoice-id-format"
    if not check(Kind.NO_ORGNR, match[2]):
        return "invalid-invoice-id-issuer-ident-value"
    paid, amount = data.get("paymentInformation", {}), data.get("amount")
    if not check(Kind.NO_KID, str(paid.get("value"))) or not 4 <= len(paid["value"]) <= 25:
        return "invalid-payment-information-kid"
    if not re.fullmatch(r"\d{11}", str(paid.get("account"))):
        return "invalid-payment-information-account"
    if data.get("invoiceType") not in set(wire.InvoiceType) - {wire.InvoiceType.CREDIT_NOTE}:
        return "invalid-invoice-type"
    if not isinstance(amount, int) or amount < 0:
        return "amount-negative"
    if not data.get("subject"):
        return "missing-subject"
    if len(data.get("issuerName", "")) > 40:
        return "invalid-issuer-name"
    documents = data.get("commercialInvoice") or [{}]
    if not str(documents[0].get("url")).startswith(("https://", "http://127.0.0.1:")):
        return "invalid-commercial-invoice-url"
    try:
        due = datetime.fromisoformat(str(data.get("due")))
    except ValueError:
        return "RFC3339-parse-error"
    days = (wire.today(due) - today).days if due.tzinfo else 0
    return None if 3 <= days <= 365 else "invalid-due-date"


def _problem(
    status: int, name: str, detail: str = "", headers: Mapping[str, str] | None = None
) -> web.Response:
    error = {"type": f"{_PROBLEMS}/{name}", "title": name, "detail": detail}
    return web.json_response({"error": error}, status=status, headers=headers)
