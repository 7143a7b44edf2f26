"""Another access point of the sandbox network: takes messages, sends some, and misbehaves.

It is the other corner for ours: a receiver with the same checks, whose answers are changed when it
is told to. Which participant a message is for tells what happens (`MAGIC`), or `behave` does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import TracebackType

import aiohttp
from aiohttp import web
from cryptography import x509
from lxml import etree

from schemas import envelope as sbdh
from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    BILLING_PROCESS,
    DocumentType,
    Participant,
    Process,
)
from schemas.response import (
    CBC,
    SPID_SCHEME,
    Issue,
    Kind,
    Party,
    Response,
    document_type,
    kind_of,
    process,
    read,
    write,
)
from transports.peppol.as4 import names, signals, unpacking
from transports.peppol.as4.message import NOT_SERVICED, Fault, Receipt, UserMessage
from transports.peppol.as4.soap import Refused
from transports.peppol.pki.keys import KeyInMemory, common_name
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.receiver import Receiver, Reply, Seen, Taken
from transports.peppol.sandbox.network import Network
from transports.peppol.sender import Answered, NotTaken, Received, Sender
from transports.peppol.service_metadata import chosen

TAKES: tuple[tuple[DocumentType, Process], ...] = (
    (BILLING_INVOICE, BILLING_PROCESS),
    (BILLING_CREDIT_NOTE, BILLING_PROCESS),
    (document_type(Kind.INVOICE_RESPONSE), process(Kind.INVOICE_RESPONSE)),
)
STATUS = (document_type(Kind.MLS), process(Kind.MLS))


# How often, and how soon after each other, it tries to hand over what it owes.
_TRIES = 240
_AGAIN_S = 0.5


class Behaviour(StrEnum):
    """What it does with a message."""

    ACCEPT = "accept"  # takes it, and answers with a receipt
    LOSE = "lose"  # takes it, and breaks the connection, once for each message
    HANG = "hang"  # takes it, and never answers
    ALTER = "alter"  # its receipt is for something else
    UNSIGNED = "unsigned"  # its receipt is not signed
    STRANGER = "stranger"  # its receipt is signed by another seat
    RENEW = "renew"  # has a new certificate that the publisher does not know yet
    NOT_SERVICED = "not_serviced"  # signed
    NOT_SERVICED_UNSIGNED = "not_serviced_unsigned"
    REFUSE = "refuse"  # signed: the header is wrong
    DUPLICATE = "duplicate"  # says that it has the message already
    BAD_GATEWAY = "bad_gateway"  # 502, not a signal
    REJECT = "reject"  # takes it, and its status says that it breaks a rule
    DUPLICATE_IN_WORDS = "duplicate_in_words"  # says so as phase4 before 4.5.0 does
    ANSWER = "answer"  # takes it, and its buyer accepts the invoice by an Invoice Response
    INVOICES_ONLY = "invoices_only"  # takes no responses


# By the four digits before the check digit of the participant's value.
MAGIC = {f"99{n:02}": behaviour for n, behaviour in enumerate(Behaviour) if n}


@dataclass(slots=True)
class Kept:
    """A message that was taken. `requests` counts how often it came."""

    taken: Taken
    at: datetime
    requests: int = 1


@dataclass
class _Shelf:
    """Keeps in memory; serves everybody who is registered at this access point."""

    point: AccessPoint
    kept: dict[str, Kept] = field(default_factory=dict)

    async def serves(
        self, receiver: Participant, document_type: DocumentType, process: Process
    ) -> bool:
        """Whoever is registered here, and ourselves for statuses."""
        if receiver == self.point.own:
            return (document_type, process) == STATUS
        return receiver in self.point.participants and (document_type, process) in TAKES

    async def seen(self, message_id: str) -> Seen | None:
        found = self.kept.get(message_id)
        if found is None:
            return None
        found.requests += 1
        return Seen(found.taken.digests, found.taken.receipt)

    async def keep(self, taken: Taken) -> None:
        self.kept[taken.message.id] = Kept(taken, self.point.network.now())
        self.point.owe_status(taken)
        self.point.owe_answer(taken)


class AccessPoint:
    """`async with AccessPoint(network) as point:`; `point.register` gives it a participant."""

    def __init__(self, network: Network, seat: str = "POP000099") -> None:
        self.network = network
        self.seat = seat
        self.participants: set[Participant] = set()
        self.url = ""
        self._shelf = _Shelf(self)
        self._behaviours: dict[Participant, Behaviour] = {}
        self._times: Counter[str] = Counter()  # how often a message came
        self._closing = asyncio.Event()
        self._renewed: KeyInMemory | None = None
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def own(self) -> Participant:
        """Its own identifier as a service provider, which statuses go to."""
        return Participant(SPID_SCHEME, self.seat[-6:])

    @property
    def statuses(self) -> list[Response]:
        """The statuses that it was sent, in the order they came."""
        return [
            read(etree.fromstring(kept.taken.document))
            for kept in self.kept.values()
            if kept.taken.header.receiver == self.own
        ]

    @property
    def responses(self) -> list[Response]:
        """The Invoice Responses that its participants were sent, in the order they came."""
        return [
            read(etree.fromstring(kept.taken.document))
            for kept in self.kept.values()
            if kind_of(kept.taken.header.document_type) is Kind.INVOICE_RESPONSE
        ]

    @property
    def kept(self) -> dict[str, Kept]:
        """The messages it has, by their ids."""
        return self._shelf.kept

    @property
    def open(self) -> int:
        """How many connections are open."""
        server = self._runner.server
        return len(server.connections) if server else 0

    def register(self, participant: Participant, behaviour: Behaviour | None = None) -> None:
        """Registers a participant of this access point in the network."""
        self.participants.add(participant)
        if behaviour is not None:
            self.behave(participant, behaviour)
        takes = TAKES
        if self._behaviour(participant) is Behaviour.INVOICES_ONLY:
            takes = tuple(one for one in TAKES if kind_of(one[0]) is None)
        self.network.register(participant, takes, self.url, self.key)

    def behave(self, receiver: Participant, behaviour: Behaviour) -> None:
        """What it does with messages for this participant from now on."""
        self._behaviours[receiver] = behaviour

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 is a free one. The network has to be up."""
        self.key = await asyncio.to_thread(self._leaf, self.seat)
        self._session = aiohttp.ClientSession()
        self._revocation = Revocation(self._session, Fail.HARD, self.network.now)
        app = web.Application(client_max_size=100 * 1024 * 1024)
        app.add_routes([web.post("/as4", self._post)])
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}/as4"
        self.network.register(self.own, [STATUS], self.url, self.key)

    async def stop(self) -> None:
        """Stops listening."""
        self._closing.set()
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._runner.cleanup()
        await self._session.close()

    async def __aenter__(self) -> AccessPoint:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def owe_status(self, taken: Taken) -> None:
        """Sends the status of a message, where one was asked for and the network knows whom to."""
        wanted = taken.header.mls_type is sbdh.MlsType.ALWAYS_SEND
        behaviour = self._behaviour(taken.message.receiver)
        to = Participant(SPID_SCHEME, taken.message.from_seat[-6:])
        if to in self.network.members.entries and (wanted or behaviour is Behaviour.REJECT):
            self._send_soon(*self._status(taken, to, behaviour))

    def owe_answer(self, taken: Taken) -> None:
        """Sends what the buyer says of an invoice, where he says something."""
        answers = self._behaviour(taken.header.receiver) is Behaviour.ANSWER
        if answers and kind_of(taken.header.document_type) is None:
            self._send_soon(*self._answer(taken))

    def _send_soon(self, header: sbdh.Header, document: bytes) -> None:
        task = asyncio.create_task(self._send_until_taken(header, document))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_until_taken(self, header: sbdh.Header, document: bytes) -> None:
        for _ in range(_TRIES):
            if isinstance(await self.send(header, document), Received | NotTaken):
                return
            await asyncio.sleep(_AGAIN_S)

    def _answer(self, taken: Taken) -> tuple[sbdh.Header, bytes]:
        invoice, at = etree.fromstring(taken.document), self.network.now()
        kind = "CreditNote" if taken.header.document_type == BILLING_CREDIT_NOTE else "Invoice"
        said = Response(
            kind=Kind.INVOICE_RESPONSE,
            id=f"answer-{taken.header.instance_id}",
            issued_at=at,
            sender=Party(taken.header.receiver, "The buyer"),
            receiver=Party(taken.header.sender, "The seller"),
            code="AP",
            refers_to=invoice.findtext(f"{{{CBC}}}ID") or "",
            document_code=invoice.findtext(f"{{{CBC}}}{kind}TypeCode"),
        )
        header = sbdh.Header(
            sender=taken.header.receiver,
            receiver=taken.header.sender,
            document_type=document_type(Kind.INVOICE_RESPONSE),
            process=process(Kind.INVOICE_RESPONSE),
            country="SE",
            instance_id=said.id,
            created_at=at,
        )
        return header, write(said)

    def _status(
        self, taken: Taken, to: Participant, behaviour: Behaviour
    ) -> tuple[sbdh.Header, bytes]:
        rejected = behaviour is Behaviour.REJECT
        at = self.network.now()
        status = Response(
            kind=Kind.MLS,
            id=f"status-{taken.header.instance_id}",
            issued_at=at,
            sender=Party(self.own),
            receiver=Party(to),
            code="RE" if rejected else "AP",
            refers_to=taken.header.instance_id,
            description="It breaks a rule." if rejected else None,
            issues=(Issue("BV", "PEPPOL-EN16931-R003: a reference is missing"),)
            if rejected
            else (),
        )
        header = sbdh.Header(
            sender=self.own,
            receiver=to,
            document_type=document_type(Kind.MLS),
            process=process(Kind.MLS),
            country="SE",
            instance_id=status.id,
            created_at=at,
        )
        return header, write(status)

    async def send(
        self, header: sbdh.Header, document: bytes, message_id: str | None = None
    ) -> Answered:
        """Sends a document to whoever the network says has the receiver; what it was answered.

        The message's id is made of the envelope's unless another is given, and its time is the
        envelope's: sent again, it says the same.
        """
        service = next(
            one for one in await self.network.services(header.receiver, header.document_type)
        )
        endpoint = chosen(service, header.process, self.network.now())
        assert endpoint is not None, "the receiver's access point is not active"
        certificate = x509.load_der_x509_certificate(endpoint.certificate)
        message = UserMessage(
            id=message_id or f"{header.instance_id}@{self.seat.lower()}.sandbox.example",
            sent_at=header.created_at,
            from_seat=self.seat,
            to_seat=common_name(certificate) or "",
            sender=header.sender,
            receiver=header.receiver,
            document_type=header.document_type,
            process=header.process,
            conversation_id=header.instance_id,
        )
        sender = Sender(
            self._session,
            self.key,
            self.network.authority.anchors,
            self._revocation,
            self.network.now,
        )
        request = await sender.pack(message, sbdh.write(header, document), certificate)
        _, answered = await sender.post(request, endpoint.address)
        return answered

    # --- taking messages ---

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        kind = request.headers.get("Content-Type", "")
        try:
            message = unpacking.read(kind, body).message
        except Refused:
            return _response(await self._receiver(self.key).receive(kind, body))
        behaviour = self._behaviour(message.receiver)
        if behaviour is Behaviour.BAD_GATEWAY:
            raise web.HTTPBadGateway
        if behaviour in _REFUSALS:
            return _response(await self._refused(behaviour, message.id))
        reply = await self._receiver(await self._key(behaviour, message)).receive(kind, body)
        if behaviour is Behaviour.HANG:
            await self._closing.wait()
        self._times[message.id] += 1
        if behaviour is Behaviour.LOSE and self._times[message.id] == 1:
            assert request.transport is not None
            request.transport.abort()
        return _response(replace(reply, content=await self._changed(behaviour, reply.content)))

    def _behaviour(self, receiver: Participant) -> Behaviour:
        return self._behaviours.get(receiver) or MAGIC.get(receiver.value[-5:-1], Behaviour.ACCEPT)

    def _receiver(self, key: KeyInMemory) -> Receiver:
        return Receiver(
            key,
            self.network.authority.anchors,
            self._revocation,
            self._shelf,
            self.network.now,
            host=f"{self.seat.lower()}.sandbox.example",
        )

    async def _key(self, behaviour: Behaviour, message: UserMessage) -> KeyInMemory:
        """The key that the message is opened with. A new one is told to the publisher after the
        first message that it could not open."""
        if behaviour is not Behaviour.RENEW:
            return self.key
        if self._renewed is None:
            self._renewed = await asyncio.to_thread(
                self.network.authority.leaf, self.seat, renewed=True
            )
        elif self._times[message.id] == 1:
            self.network.register(message.receiver, TAKES, self.url, self._renewed)
        return self._renewed

    async def _refused(self, behaviour: Behaviour, message_id: str) -> Reply:
        reply = await self._receiver(self.key).refusal(message_id, _REFUSALS[behaviour])
        if behaviour is Behaviour.NOT_SERVICED_UNSIGNED:
            reply = replace(reply, content=_unsigned(reply.content))
        return reply

    async def _changed(self, behaviour: Behaviour, content: bytes) -> bytes:
        match behaviour:
            case Behaviour.UNSIGNED:
                return _unsigned(content)
            case Behaviour.ALTER | Behaviour.STRANGER:
                receipt = signals.read(signals.CONTENT_TYPE, content).signal
                assert isinstance(receipt, Receipt)
                if behaviour is Behaviour.ALTER:
                    less = replace(receipt, references=receipt.references[:-1])
                    return signals.receipt(less, self.key)
                stranger = await asyncio.to_thread(self._leaf, "POP000098")
                return signals.receipt(receipt, stranger)
            case _:
                return content

    def _leaf(self, seat: str) -> KeyInMemory:
        return self.network.authority.leaf(seat)


_REFUSALS = {
    Behaviour.NOT_SERVICED: Fault("EBMS:0004", NOT_SERVICED),
    Behaviour.NOT_SERVICED_UNSIGNED: Fault("EBMS:0004", NOT_SERVICED),
    Behaviour.REFUSE: Fault("EBMS:0009", "The header is not as this access point likes it."),
    Behaviour.DUPLICATE: Fault("EBMS:4001", "A message with this id has come before."),
    Behaviour.DUPLICATE_IN_WORDS: Fault(
        "EBMS:0004",
        "Not invoking SPIs, because message with Message ID 'x' was already handled"
        " (this is a duplicate)",
    ),
}


def _response(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status, body=reply.content, headers={"Content-Type": reply.content_type}
    )


def _unsigned(content: bytes) -> bytes:
    root = etree.fromstring(content)
    for security in root.findall(f".//{{{names.WSSE}}}Security"):
        parent = security.getparent()
        assert parent is not None
        parent.remove(security)
    return etree.tostring(root)
