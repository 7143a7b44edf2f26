"""Visma Sign: signs a PDF, and writes to the person itself. On the wire: `visma_wire`."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock
from gateway.trust.signing import visma_wire as wire
from gateway.trust.signing.port import (
    Beginning,
    Declined,
    Expired,
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

NAME: Final = "visma_sign"

# A signed PDF has the signatures and their certificates in it.
_MOST_BYTES: Final = 20 * 1024 * 1024
_EVERY: Final = timedelta(minutes=5)


class BadSecret(ValueError):
    """The secret is not base64."""


class VismaSign:
    """The signer. `url` is the service's base address; `identifier` and `secret` (base64) are the
    organisation's. `identifier_type` is what Visma calls the kind of number that the person's own
    is matched with; None: their number is not sent. Raises BadSecret."""

    name = NAME
    invites = True

    def __init__(
        self,
        url: str,
        identifier: str,
        secret: str,
        clock: Clock,
        *,
        identifier_type: str | None = None,
        every: timedelta = _EVERY,
        connect_timeout_s: float = 30,
        answer_timeout_s: float = 60,
    ) -> None:
        try:
            self._secret = base64.b64decode(secret, validate=True)
        except binascii.Error:
            raise BadSecret("it is not base64") from None
        self._url = url.rstrip("/")
        self._identifier = identifier
        self._identifier_type = identifier_type
        self._clock = clock
        self._every = every
        self._client = Client(
            connect_timeout_s=connect_timeout_s, answer_timeout_s=answer_timeout_s
        )

    async def start(self, wish: Wish) -> Beginning:
        """Makes the document, adds its file and invites the person; only the last has an effect on
        anybody."""
        made = await self._call("POST", "/document/", wire.new_document(wish), wire.JSON)
        if not isinstance(made, Answer):
            return made
        try:
            document = wire.made(made.headers.get("Location"))
        except wire.Malformed as error:
            return _not_understood(error)
        path = wire.files_path(document, wish.document.name).removeprefix(wire.PREFIX)
        added = await self._call("POST", path, wish.document.content, wire.PDF)
        if not isinstance(added, Answer):
            return added
        who = wire.invitations(wish, self._identifier_type)
        invited = await self._call("POST", f"/document/{document}/invitations", who, wire.JSON)
        return Started({"document": document}) if isinstance(invited, Answer) else invited

    async def collect(self, order: Order) -> State:
        """Asks for the status; once it is signed, fetches the signed file."""
        document = str(order["document"])
        answer = await self._call("GET", f"/document/{document}")
        if isinstance(answer, Refused):  # nobody knows it there any more
            return Expired()
        if not isinstance(answer, Answer):
            return answer
        try:
            found = wire.status(answer.body)
        except wire.Malformed as error:
            return _not_understood(error)
        if found.status in wire.REJECTED:
            return Declined()
        if found.status in wire.OVER:
            return Expired()
        if found.status not in wire.SIGNED:
            return Pending(order, "opened" if found.opened else "invited")
        file = await self._call("GET", f"/document/{document}/files/0", most_bytes=_MOST_BYTES)
        if not isinstance(file, Answer):
            return file if isinstance(file, NotNow) else NotNow(file.code, file.text)
        if not file.whole or not file.body.startswith(b"%PDF-"):
            return NotNow(f"{NAME}.no_file", "the signed file is no PDF, or too large")
        proof = File("signed-confirmation.pdf", "application/pdf", file.body)
        return Signed(found.name, "", self._clock.now(), proof)

    async def remind(self, order: Order) -> NotNow | None:
        """Has the person reminded."""
        answer = await self._call("POST", f"/document/{order['document']}/remind", b"", wire.JSON)
        return answer if isinstance(answer, NotNow) else None

    async def cancel(self, order: Order) -> NotNow | None:
        """Takes it back; what is signed or gone stays so."""
        answer = await self._call("POST", f"/document/{order['document']}/cancel", b"", wire.JSON)
        return answer if isinstance(answer, NotNow) else None

    def every(self, order: Order) -> timedelta:
        """People take minutes to hours."""
        return self._every

    async def close(self) -> None:
        """Lets go of connections."""
        await self._client.close()

    async def _call(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        content_type: str = wire.JSON,
        most_bytes: int = 1024 * 1024,
    ) -> Answer | Refused | NotNow:
        """One signed request; an answer is a 2xx."""
        whole = f"{wire.PREFIX}{path}"
        at: datetime = self._clock.now()
        headers = wire.headers(
            self._identifier, self._secret, method, whole, content, content_type, at
        )
        body = content if method == "POST" else None
        try:
            answer = await self._client.call(
                method, f"{self._url}{whole}", body, headers=headers, most_bytes=most_bytes
            )
        except NoAnswer as error:
            return NotNow(f"{NAME}.no_answer", str(error))
        if 200 <= answer.status < 300:
            return answer
        said = f"Visma Sign answered {answer.status} to {method} {path.partition('?')[0]}"
        if answer.status in (401, 403):
            return NotNow(f"{NAME}.not_let_in", f"{said}: look at `identifier` and `secret`")
        if answer.status in (408, 425, 429) or answer.status >= 500:
            return NotNow(f"{NAME}.unavailable", said)
        public = "The signing service does not take the request. Ask the operator for the reason."
        return Refused(f"{NAME}.refused", said, public)


def _not_understood(error: wire.Malformed) -> NotNow:
    return NotNow(f"{NAME}.not_understood", f"its answer can not be read: {error}")
