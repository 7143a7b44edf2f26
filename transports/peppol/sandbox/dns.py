"""A name server on loopback that answers for one type of record, and fails when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL_S = 60


class Behaviour(StrEnum):
    """How it answers."""

    ANSWER = "answer"
    FAIL = "fail"  # SERVFAIL
    SILENT = "silent"  # nothing at all
    EMPTY = "empty"  # the name is there, without such a record


class NameServer:
    """`async with NameServer(lookup) as server: ... server.port`.

    `lookup` gives the record of a name as text (`100 10 "U" "Meta:SMP" "!.*!http://..!" .`), or
    None for a name that is not there. `kind` is the type of the records.
    """

    def __init__(self, lookup: Callable[[str], str | None], kind: str = "NAPTR") -> None:
        self.behaviour = Behaviour.ANSWER
        self.asked: list[str] = []
        self.port = 0
        self._lookup = lookup
        self._kind = kind
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 is a free one."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Protocol(self.answer), local_addr=(host, port)
        )
        self.port = self._transport.get_extra_info("sockname")[1]

    async def stop(self) -> None:
        """Stops listening."""
        if self._transport is not None:
            self._transport.close()

    async def __aenter__(self) -> NameServer:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def answer(self, query: bytes) -> bytes | None:
        """The answer to a query, None for none."""
        question = dns.message.from_wire(query)
        name = question.question[0].name
        self.asked.append(name.to_text(omit_final_dot=True))
        if self.behaviour is Behaviour.SILENT:
            return None
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AA | dns.flags.RA
        record = self._lookup(self.asked[-1])
        if self.behaviour is Behaviour.FAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif record is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif self.behaviour is Behaviour.ANSWER:
            response.answer.append(dns.rrset.from_text(name, TTL_S, "IN", self._kind, record))
        return response.to_wire()


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        answer = self._answer(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, address)
