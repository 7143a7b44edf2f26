"""The eFaktura services on loopback, over HTTP.

Speaks the wire format in the running event loop. The recipient's eFaktura identifier tells what
happens to an invoice (`MAGIC`) and who says yes (`PEOPLE`). Invoices move on by the clock; an
agreement is signed by its link, or seen so by a later poll.
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from transports.base import Now, utc_now
from transports.efaktura_no.sandbox.consumers import Consumers, Person
from transports.efaktura_no.sandbox.invoices import Behaviour, Invoices, Kept, behaviour
from transports.efaktura_no.sandbox.issuers import Issuers
from transports.efaktura_no.wire import invoices, operations, soap
from transports.efaktura_no.wire.invoices import Invoice
from transports.efaktura_no.wire.issuers import IssuerState
from transports.efaktura_no.wire.operations import PATHS, Operation, Service
from transports.efaktura_no.wire.soap import Fault, Malformed, Part
from transports.http_server import HttpServer

_Told = Callable[[Part, str], bytes | Fault]


class Sandbox(HttpServer):
    """The server; `async with Sandbox() as mps: ... mps.url`.

    `times` is how often BUSY, ERROR, FAULT, GARBAGE and DROP misbehave for an invoice;
    `signed_after` the poll that sees an agreement signed. An invoice is shown or rejected, and then
    paid, so long after it was taken, by `now`; a consumer who is asked answers after a day.
    `heard` has every request, as it came. `tls`: it is spoken to over TLS.
    """

    def __init__(
        self,
        *,
        now: Now = utc_now,
        times: int = 1,
        signed_after: int = 2,
        shown_after: timedelta = timedelta(seconds=1),
        paid_after: timedelta = timedelta(seconds=2),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(
            [
                *(web.post(path, self._serving(service)) for service, path in PATHS.items()),
                web.get("/sign/{number}", self._get_sign),
            ],
            most_bytes=50 * 1024 * 1024,
            tls=tls,
        )
        self.heard: list[bytes] = []
        self.consumers = Consumers(now)
        self.issuers = Issuers(signed_after)
        self.invoices = Invoices(now, shown_after, paid_after)
        self._times = times
        self._misbehaved: Counter[str] = Counter()
        sending: dict[Operation, _Told] = {
            Operation.IDENTIFY: self.consumers.identify,
            Operation.ASK_CONSUMER: self.consumers.ask,
            Operation.INVOICE_STATUS: self.invoices.status,
            Operation.CONSIGNMENT_STATUS: self.invoices.consignment,
            Operation.CANCEL: self.invoices.cancel,
        }
        self._told: dict[Service, dict[Operation, _Told]] = {
            Service.SUBMITTER: sending,
            Service.MPS: sending,
            Service.ERP: {
                Operation.CREATE_ISSUER: self.issuers.create,
                Operation.GET_ISSUER: self.issuers.get,
                Operation.DELETE_ISSUER: self.issuers.delete,
                Operation.ADD_RULE: self.issuers.add_rule,
            },
        }

    def received(self) -> list[dict[str, Any]]:
        """What was taken, a row for each invoice."""
        return [
            {
                "to": kept.invoice.recipient,
                "number": kept.invoice.number,
                "reference": consignment,
                "state": str(self.invoices.state(kept).state),
            }
            for consignment, kept in self.invoices.kept.items()
        ]

    def behind(self, key: UUID) -> list[Kept]:
        """The invoices that came with an envelope's key."""
        kept = self.invoices.kept.values()
        return [each for each in kept if each.invoice.message == str(key)]

    def enrol(self, person: Person) -> None:
        """Adds a consumer, or changes one."""
        self.consumers.people[person.identifier] = person

    def grant(self, organisation_number: str) -> None:
        """Lets an issuer's next request be active at once."""
        self.issuers.granted.add(organisation_number)

    def link(self, organisation_number: str) -> str:
        """The link that the signer gets by e-mail: opening it is saying yes."""
        return f"{self.url}/sign/{organisation_number}"

    def sign(self, organisation_number: str) -> None:
        """The signer says yes."""
        self.issuers.known[organisation_number].state = IssuerState.ACTIVE

    # --- HTTP ---

    async def _get_sign(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if number not in self.issuers.known:
            raise web.HTTPNotFound
        self.sign(number)
        return web.Response(text="The agreement is signed.\n")

    def _serving(self, service: Service) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            self.heard.append(body)
            if not self.available:
                return web.Response(status=503, headers={"Retry-After": "60"})
            try:
                return await self._answer(service, body, request)
            except Malformed as error:
                return _xml(Fault("", str(error), ours=True))

        return serve

    async def _answer(
        self, service: Service, body: bytes, request: web.Request
    ) -> web.StreamResponse:
        asked = soap.read(body)
        if isinstance(asked, Fault):
            raise Malformed("a fault asks nothing")
        message = operations.message_of(asked)
        if asked.name == Operation.ADD and service is not Service.ERP:
            return await self._add(invoices.invoice(asked), body, request)
        for operation, tell in self._told[service].items():
            if asked.name == operation:
                shut_out = service is Service.ERP and self.issuers.shut_out
                return _xml(_SHUT_OUT if shut_out else tell(asked, message))
        raise Malformed(f"{asked.name} is not an operation of this service")

    async def _add(self, invoice: Invoice, body: bytes, request: web.Request) -> web.StreamResponse:
        does = behaviour(invoice)
        if does is Behaviour.HANG:
            await self.closing.wait()
            return web.Response(status=503)
        misbehaves = does in _A_NUMBER_OF_TIMES and self._misbehaves(invoice.message)
        if misbehaves and does is Behaviour.BUSY:
            return web.Response(status=503, headers={"Retry-After": "1"})
        if misbehaves and does is Behaviour.ERROR:
            return web.Response(status=500, text="A paper jam.")
        if misbehaves and does is Behaviour.FAULT:
            return _xml(Fault("", "The service has failed.", ours=False))
        wrong = self._wrong(invoice, does) or self.invoices.take(invoice, body)
        if wrong is not None:
            return _xml(wrong)
        if misbehaves and does is Behaviour.DROP:
            assert request.transport is not None
            request.transport.abort()
        if misbehaves and does is Behaviour.GARBAGE:
            return web.Response(text="<html>Thank you", content_type="text/html")
        return _xml(invoices.added(invoice.message, invoice.consignment))

    def _wrong(self, invoice: Invoice, does: Behaviour) -> Fault | None:
        if not self.issuers.active(invoice.organisation_number):
            return Fault("5002", "The issuer is not authorised.", ours=True)
        takes = self.consumers.takes(invoice.recipient, invoice.organisation_number)
        if does is Behaviour.REFUSE or not takes:
            return Fault("", "The consumer does not take this invoice.", ours=True)
        if invoice.url is None and not (invoice.pdf or b"").startswith(b"%PDF"):
            return Fault("", "There is no PDF, and no address of one.", ours=True)
        return None

    def _misbehaves(self, message: str) -> bool:
        self._misbehaved[message] += 1
        return self._misbehaved[message] <= self._times


_A_NUMBER_OF_TIMES: Final = frozenset(
    {Behaviour.BUSY, Behaviour.ERROR, Behaviour.FAULT, Behaviour.GARBAGE, Behaviour.DROP}
)


_SHUT_OUT: Final = Fault("5009", "The service provider is not authorised.", ours=True)


def _xml(told: bytes | Fault) -> web.Response:
    """Answers of services; a fault comes with 500 (SOAP 1.1, section 6.2)."""
    body = soap.write_fault(told) if isinstance(told, Fault) else told
    status = 500 if isinstance(told, Fault) else 200
    return web.Response(status=status, body=body, headers={"Content-Type": soap.CONTENT_TYPE})
