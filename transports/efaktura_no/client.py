"""One question to an eFaktura service over HTTP, and what came of it.

In charge of telling an answer from a fault, and both from a silence. Not in charge of what an
answer means for a document or an agreement. Who asks is known by the certificate of the connection.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from transports import http
from transports.base import Evidence, Now, ReachabilityUnknown, TryLater, Unknown, Verdict
from transports.efaktura_no.wire import soap
from transports.efaktura_no.wire.operations import PATHS, Operation, Service, answers, message_of
from transports.efaktura_no.wire.soap import Fault, Malformed, Part


class Trouble(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "efaktura_no.unreachable"
    TIMEOUT = "efaktura_no.timeout"  # before all of the request had gone out
    BUSY = "efaktura_no.busy"
    NOT_LET_IN = "efaktura_no.not_let_in"
    NOT_UNDERSTOOD = "efaktura_no.not_understood"  # and it is no yes either
    OUTCOME_UNKNOWN = "efaktura_no.outcome_unknown"  # it may have done what was asked


_SAID: Final = {
    Trouble.UNREACHABLE: "The eFaktura service can not be reached at the moment.",
    Trouble.TIMEOUT: "The eFaktura service did not take the request in time.",
    Trouble.BUSY: "The eFaktura service is busy.",
    Trouble.NOT_LET_IN: "The eFaktura service does not accept our certificate at the moment.",
    Trouble.NOT_UNDERSTOOD: "The eFaktura service gave an answer that is not in the format.",
    Trouble.OUTCOME_UNKNOWN: "The eFaktura service was asked, but no clear answer came.",
}

# In these nobody could have answered, whatever was asked.
_DEAF: Final = frozenset(set(Trouble) - {Trouble.NOT_UNDERSTOOD})


@dataclass(frozen=True, slots=True)
class Silence:
    """There is no answer; `text` is for operators."""

    trouble: Trouble
    text: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked and what came back."""

    said: Part | Fault | Silence
    request: Evidence
    answer: Evidence | None
    remote: str

    def verdict(self, code: str, public_text: str, text: str | None = None) -> Verdict:
        """A verdict on it, said by the service."""
        return Verdict(code, text or public_text, public_text, self.remote)

    def as_question(self) -> tuple[Evidence, ...]:
        """Its bytes as evidence of a question that was asked on the side: what was handed over
        is another call's."""
        asked = Evidence("question", self.request.media_type, self.request.content, self.request.at)
        if self.answer is None:
            return (asked,)
        told = self.answer
        return asked, Evidence("told", told.media_type, told.content, told.at)

    def as_handing_over(self) -> tuple[Evidence, ...]:
        """Its bytes as evidence of the call that hands a document over."""
        return (self.request,) if self.answer is None else (self.request, self.answer)


def not_told(exchange: Exchange, silence: Silence) -> ReachabilityUnknown:
    """What a silence means to a question."""
    verdict = silent(exchange, silence)
    return ReachabilityUnknown(
        verdict, silence.after, exchange.as_question(), answered=silence.trouble not in _DEAF
    )


def not_handed_over(exchange: Exchange, silence: Silence) -> TryLater | Unknown:
    """What a silence means to a document."""
    verdict, evidence = silent(exchange, silence), exchange.as_handing_over()
    answered = silence.trouble not in _DEAF
    if silence.trouble is Trouble.OUTCOME_UNKNOWN:
        return Unknown(verdict, evidence, answered=answered)
    return TryLater(verdict, evidence, silence.after, answered=answered)


def silent(exchange: Exchange, silence: Silence) -> Verdict:
    """A silence in words."""
    return exchange.verdict(silence.trouble, _SAID[silence.trouble], silence.text)


def identified(
    ca_file: Path | None, certificate_file: Path | None, key_file: Path | None
) -> ssl.SSLContext:
    """TLS in which we show our certificate (PEM; with its key, where that is in no file of its
    own). `ca_file`: who vouches for the services; None: the system's. Blocking. Raises OSError,
    which an unreadable or wrong file is."""
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    if certificate_file is not None:
        context.load_cert_chain(certificate_file, key_file)
    return context


class Client:
    """The services. Create and use it in a running event loop."""

    def __init__(
        self,
        url: str,
        *,
        now: Now,
        connect_timeout_s: float,
        answer_timeout_s: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._now = now
        self._http = http.Client(
            connect_timeout_s=connect_timeout_s, answer_timeout_s=answer_timeout_s, tls=tls
        )

    async def ask(
        self, service: Service, operation: Operation, message: str, content: bytes
    ) -> Exchange:
        """Asks once. `message` is the identifier that the answer must echo."""
        remote = self._url + PATHS[service]
        request = Evidence("request", soap.CONTENT_TYPE, content, self._now())
        headers = {"Content-Type": soap.CONTENT_TYPE, "SOAPAction": f'"{operation}"'}
        try:
            answer = await self._http.call("POST", remote, content, headers=headers)
        except http.NoAnswer as error:
            return Exchange(_unanswered(error), request, None, remote)
        said = _said(answer, operation, message)
        return Exchange(said, request, answer.evidence(self._now()), remote)

    async def close(self) -> None:
        """Lets go of its connections."""
        await self._http.close()


def _unanswered(error: http.NoAnswer) -> Silence:
    if error.handed_over:
        return Silence(Trouble.OUTCOME_UNKNOWN, str(error))
    return Silence(Trouble.TIMEOUT if error.timed_out else Trouble.UNREACHABLE, str(error))


def _said(answer: http.Answer, operation: Operation, message: str) -> Part | Fault | Silence:
    text = f"HTTP {answer.status}: {answer.reason}"
    if answer.status in (401, 403):
        return Silence(Trouble.NOT_LET_IN, text)
    if answer.status in (429, 503):
        return Silence(Trouble.BUSY, text, answer.retry_after)
    try:
        said = _read(answer, operation, message)
    except Malformed as error:
        text = f"{text}; {error}"
        # Who says yes in words of its own, or stumbles, may have done what was asked.
        if 200 <= answer.status < 300 or answer.status >= 500:
            return Silence(Trouble.OUTCOME_UNKNOWN, text)
        return Silence(Trouble.NOT_UNDERSTOOD, text)
    return said


def _read(answer: http.Answer, operation: Operation, message: str) -> Part | Fault:
    if not answer.whole:
        raise Malformed("the answer has no end")
    said = soap.read(answer.body)
    if isinstance(said, Fault):
        return said
    if answer.status != 200 or said.name != answers(operation):
        raise Malformed(f"the answer is no {answers(operation)}")
    if message_of(said) != message:
        raise Malformed("the answer is to another message")
    return said
