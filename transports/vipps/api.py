"""Calls of Vipps' invoice API: who we are, who a recipient is, an invoice, how it stands.

In charge of making them and of what keeps a call from its answer. Not in charge of the format
(`wire`), nor of what becomes of a document (`driver`). Nothing is repeated by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from transports.base import (
    NotCollected,
    NotReachable,
    Now,
    ReachabilityUnknown,
    Refused,
    TryLater,
    Verdict,
)
from transports.http import Answer, Client, NoAnswer
from transports.vipps import answers, wire
from transports.vipps.tokens import Access, NoToken, Recipients
from transports.vipps.wire import Status, Who


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the services are (`url` is their host), and who we are there."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    subscription_key: str = field(repr=False)
    connect_timeout_s: float = 30
    answer_timeout_s: float = 60


class NotTaken(Exception):
    """There is no token: what that means. `never`: the recipient has none."""

    def __init__(
        self,
        verdict: Verdict,
        *,
        never: bool = False,
        after: timedelta | None = None,
        answered: bool = True,
    ) -> None:
        self.verdict = verdict
        self._never = never
        self._after = after
        self._answered = answered
        super().__init__(verdict.text)

    def as_reachability(self) -> NotReachable | ReachabilityUnknown:
        """For `resolve`."""
        if self._never:
            return NotReachable(self.verdict)
        return ReachabilityUnknown(self.verdict, self._after, answered=self._answered)

    def as_outcome(self) -> Refused | TryLater:
        """For `deliver`: nothing was handed over."""
        if self._never:
            return Refused(self.verdict)
        return TryLater(self.verdict, after=self._after, answered=self._answered)


class Api:
    """The interface, with our login and the recipients' tokens. For a running event loop."""

    def __init__(self, settings: ApiSettings, now: Now) -> None:
        self.base = settings.url.rstrip("/")
        self._isp = f"{self.base}/vipps-isp/v1"
        self._client = Client(
            headers={"Content-Type": wire.JSON},
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
        )
        secrets = (settings.client_id, settings.client_secret, settings.subscription_key)
        self._access = Access(self._client, self.base, *secrets, now)
        self._recipients = Recipients(now)

    async def recipient(self, who: Who, value: str, *, afresh: bool = False) -> str:
        """The token that stands for a recipient; `afresh` whatever is known. Raises NotTaken."""
        if afresh:
            self._recipients.forget(who, value)
        return await self._recipients.get(who, value, lambda: self._ask(who, value))

    async def headers(self) -> Mapping[str, str]:
        """What a call carries. Raises NotTaken."""
        try:
            return await self._access.headers()
        except NoToken as error:
            raise self._not_taken(error.answer) from error
        except NoAnswer as error:
            raise self._not_reached(error) from error

    async def put(
        self, invoice: str, content: bytes, headers: Mapping[str, str], asked: tuple[Who, str]
    ) -> Answer:
        """Puts an invoice; `asked` is whose token is in it. Raises http.NoAnswer."""
        answer = await self._client.call("PUT", self._url(invoice), content, headers=headers)
        if answers.is_stale(answer):
            self._recipients.forget(*asked)
        elif answer.status == 401:
            self._access.refused()
        return answer

    async def status(self, invoice: str) -> Status | None:
        """How an invoice stands, None where there is none of that id. Raises NotCollected, and
        wire.Malformed where it is this invoice that there is no answer for."""
        answer = await self._asked("GET", self._url(invoice), None, {})
        match answer.status:
            case 200:
                return wire.read_status(answer.body)
            case 404:
                return None
            case 401 | 403 | 429:
                pass
            case status if status < 500:
                raise wire.Malformed(answers.said(answer))
        public = "Vipps can not be asked about its invoices at the moment."
        raise NotCollected(self._verdict("reports_unavailable", answers.said(answer), public))

    async def revoke(self, invoice: str, etag: str, key: str) -> Answer:
        """Takes an invoice back whose status has this etag; `key` names the very transition.
        Raises NotCollected."""
        headers = {"If-Match": etag, "Idempotency-Key": key}
        return await self._asked("PUT", f"{self._url(invoice)}/status/revoked", b"", headers)

    async def close(self) -> None:
        """Lets go of the HTTP client."""
        await self._client.close()

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return answers.verdict(name, text, public_text, self.base)

    def _url(self, invoice: str) -> str:
        return f"{self._isp}/invoices/{invoice}"

    async def _asked(
        self, method: str, url: str, content: bytes | None, more: Mapping[str, str]
    ) -> Answer:
        try:
            headers = {**await self.headers(), **more}
            answer = await self._client.call(method, url, content, headers=headers)
        except NotTaken as error:
            raise NotCollected(error.verdict) from error
        except NoAnswer as error:
            raise NotCollected(self._not_reached(error).verdict) from error
        if answer.status == 401:
            self._access.refused()
        return answer

    async def _ask(self, who: Who, value: str) -> str:
        url, question = f"{self._isp}/recipients/tokens", wire.write_recipient(who, value)
        headers = await self.headers()
        try:
            answer = await self._client.call("POST", url, question, headers=headers)
        except NoAnswer as error:
            raise self._not_reached(error) from error
        if answer.status != 200:
            raise self._not_taken(answer)
        try:
            return wire.read_recipient_token(answer.body)
        except wire.Malformed as error:
            public = "Vipps gave an answer that is not in the format."
            raise NotTaken(self._verdict("not_understood", str(error), public)) from error

    def _not_reached(self, error: NoAnswer) -> NotTaken:
        name, public = answers.unreached(error)
        return NotTaken(self._verdict(name, str(error), public), answered=False)

    def _not_taken(self, answer: Answer) -> NotTaken:
        """What an answer means that brought no token. It is no evidence: it may repeat a number."""
        text = answers.said(answer)
        problem = wire.read_problem(answer.body)
        match answer.status:
            case 404:
                public = "Vipps knows nobody by this number who takes eFaktura."
                return NotTaken(self._verdict("not_found", text, public), never=True)
            case 400 if problem.startswith("invalid-recipient-value"):
                public = "Vipps takes the recipient's number for none."
                return NotTaken(self._verdict("bad_number", text, public), never=True)
            case 401 | 403:
                self._access.refused()
                public = "Vipps does not accept our login at the moment."
                return NotTaken(self._verdict("login_refused", text, public), answered=False)
            case 429:
                busy = self._verdict("busy", text, "Vipps is busy.")
                return NotTaken(busy, after=answer.retry_after, answered=False)
            case status if status >= 500:
                public = "Vipps has a fault of its own at the moment."
                return NotTaken(self._verdict("unavailable", text, public), answered=False)
        public = "Vipps gave an answer that is not in the format."
        return NotTaken(self._verdict("not_understood", text, public))
