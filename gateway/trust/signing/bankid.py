"""BankID: the person signs a text in an app, on a page of ours. On the wire: `bankid_wire`.

A request has an order at BankID only while the person is signing: it lives for a few minutes, and
begins when they press the button on the page. One that fails for another reason than that they said
no is forgotten, with a hint, and they may begin again.
"""

from __future__ import annotations

import json
import ssl
from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock
from gateway.trust.signing import bankid_wire as wire
from gateway.trust.signing.port import (
    Beginning,
    Declined,
    NotNow,
    Order,
    Pending,
    Refused,
    Signed,
    Started,
    State,
    Wish,
)
from transports.base import File
from transports.http import Answer, Client, NoAnswer

NAME: Final = "bankid"

# The guide asks for a call every two seconds, and no fewer.
_WHILE_SIGNING: Final = timedelta(seconds=2)
# Nothing happens at BankID before the person opens the page, which wakes the job by itself.
_WHILE_WAITING: Final = timedelta(hours=6)


class BankId:
    """The signer, and what the page does (`Attended`). `tls` shows our certificate, which is how
    BankID knows us."""

    name = NAME
    invites = False

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext | None,
        clock: Clock,
        *,
        connect_timeout_s: float = 10,
        answer_timeout_s: float = 30,
    ) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._client = Client(
            connect_timeout_s=connect_timeout_s, answer_timeout_s=answer_timeout_s, tls=tls
        )

    async def start(self, wish: Wish) -> Beginning:
        """There is nothing to hand over before the person is there."""
        return Started({})

    async def begin(self, wish: Wish, order: Order, ip: str, now: datetime) -> Beginning:
        """Begins to sign; one that is under way already goes on."""
        if self.under_way(order):
            return Started(order)
        try:
            content = wire.sign(wish.text, ip, wish.signatory.personal_number)
        except ValueError as error:
            return Refused(f"{NAME}.too_long", str(error), "The text is too long for BankID.")
        answer = await self._call("sign", content)
        if not isinstance(answer, Answer):
            return answer
        try:
            made = wire.order(answer.body)
        except wire.Malformed as error:
            return _not_understood(error)
        return Started(
            {
                "ref": made.ref,
                "auto_start": made.auto_start,
                "qr_token": made.qr_token,
                "qr_secret": made.qr_secret,
                "begun_at": now.isoformat(),
            }
        )

    async def collect(self, order: Order) -> State:
        """How far the person is, where they have begun."""
        if not self.under_way(order):
            return Pending(order, str(order.get("hint", "")))
        answer = await self._call("collect", wire.order_ref(order["ref"]))
        if isinstance(answer, Refused):  # it is too old: BankID has forgotten it
            return _again("expiredTransaction")
        if not isinstance(answer, Answer):
            return answer
        try:
            found = wire.collected(answer.body)
        except wire.Malformed as error:
            return _not_understood(error)
        if found.status == "pending":
            return Pending(order, found.hint)
        if found.status == "failed":
            return Declined() if found.hint in wire.DECLINED else _again(found.hint)
        proof = json.dumps({"orderRef": order["ref"], **found.proof}, ensure_ascii=False).encode()
        file = File("bankid.json", "application/json", proof)
        return Signed(found.name, found.personal_number, self._clock.now(), file)

    async def remind(self, order: Order) -> NotNow | None:
        """The gateway writes to the person itself."""
        return None

    async def cancel(self, order: Order) -> NotNow | None:
        """Takes back an order that is under way."""
        if not self.under_way(order):
            return None
        answer = await self._call("cancel", wire.order_ref(order["ref"]))
        return answer if isinstance(answer, NotNow) else None

    def every(self, order: Order) -> timedelta:
        """How often to ask."""
        return _WHILE_SIGNING if self.under_way(order) else _WHILE_WAITING

    def under_way(self, order: Order) -> bool:
        """Whether the person is signing."""
        return bool(order.get("ref"))

    def qr(self, order: Order, now: datetime) -> str | None:
        """What the QR code says in this second."""
        if not self.under_way(order):
            return None
        return wire.qr(order["qr_token"], order["qr_secret"], now - wire.at(order))

    def app_link(self, order: Order) -> str | None:
        """What opens the app on the same device."""
        return wire.app_link(order["auto_start"]) if self.under_way(order) else None

    async def close(self) -> None:
        """Lets go of connections."""
        await self._client.close()

    async def _call(self, method: str, content: bytes) -> Answer | Refused | NotNow:
        try:
            answer = await self._client.call(
                "POST",
                f"{self._url}/{method}",
                content,
                headers={"Content-Type": "application/json"},
            )
        except NoAnswer as error:
            return NotNow(f"{NAME}.no_answer", str(error))
        if answer.status == 200:
            return answer
        code = wire.error_code(answer.body)
        said = f"BankID answered {answer.status} {code} to {method}"
        if code == "alreadyInProgress":
            # BankID has taken back the order that the person had open, ours or another's.
            return NotNow(f"{NAME}.already_in_progress", said)
        if answer.status in (401, 403, 408, 429) or answer.status >= 500:
            return NotNow(f"{NAME}.unavailable", said)
        public = "BankID does not take the request. Ask the operator for the reason."
        return Refused(f"{NAME}.refused", said, public)


def _again(hint: str) -> Pending:
    """The order is over; the request is not."""
    return Pending({"hint": hint}, hint)


def _not_understood(error: wire.Malformed) -> NotNow:
    return NotNow(f"{NAME}.not_understood", f"its answer can not be read: {error}")
