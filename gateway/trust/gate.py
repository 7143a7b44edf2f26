"""The gate: whether a company may send and receive, asked on every way in and out.

In charge of the questions and of what an answer is. Not in charge of who has proved who they are
(`gateway.trust.verification`), nor of what each way does with a no. A sub-unit is asked for by
itself: that its parent is verified opens nothing for it.

The ways, and their questions:

| way | question | a no means |
|---|---|---|
| a document is handed in, however that is done | `may_submit` | refused, nothing stored |
| a document is carried on, or once more; an answer to an invoice | `may_send` | held, or refused |
| a document comes from outside, and its sender can be told no | `may_arrive` | turned back |
| a document lies in the inbox | `may_receive` | not handed out |
| a participant is published | `may_receive` | not published |

What comes over a way that can not say no is kept in the inbox; `may_receive` keeps it there until
the company is verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, assert_never


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a company may not. `code` is stable and dotted and begins with `company.`; `text` is for
    the company's own people and says what to do; `public` is for the other side, and tells nothing
    but that it does not take documents now."""

    code: str
    text: str
    public: str


class Way(StrEnum):
    """What a request wants, where that alone decides which question is asked."""

    SUBMIT = "submit"
    SEND = "send"
    RECEIVE = "receive"


class Gate(Protocol):
    """The questions; None: it may. Raises StorageUnavailable. A company that is not there may: that
    it is not there is said by whoever looks for it."""

    async def may_submit(self, company_id: str) -> Closed | None:
        """Whether documents are taken from the company, to be sent."""
        ...

    async def may_send(self, company_id: str) -> Closed | None:
        """Whether a document of the company may go out now."""
        ...

    async def may_arrive(self, company_id: str) -> Closed | None:
        """Whether a document from outside is taken for the company."""
        ...

    async def may_receive(self, company_id: str) -> Closed | None:
        """Whether what came for the company may be handed out to it, and it may be published."""
        ...


class OpenGate:
    """The gate of a gateway that asks nobody who they are, and of parts that run alone."""

    async def may_submit(self, company_id: str) -> Closed | None:
        """It may."""
        return None

    async def may_send(self, company_id: str) -> Closed | None:
        """It may."""
        return None

    async def may_arrive(self, company_id: str) -> Closed | None:
        """It may."""
        return None

    async def may_receive(self, company_id: str) -> Closed | None:
        """It may."""
        return None


OPEN: Final = OpenGate()


async def asked(gate: Gate, way: Way, company_id: str) -> Closed | None:
    """Whether a company may go this way."""
    match way:
        case Way.SUBMIT:
            return await gate.may_submit(company_id)
        case Way.SEND:
            return await gate.may_send(company_id)
        case Way.RECEIVE:
            return await gate.may_receive(company_id)
        case _:
            assert_never(way)
