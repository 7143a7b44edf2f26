"""The header `Idempotency-Key`: what tells a repeated request from a new one."""

from __future__ import annotations

from gateway.api.problems import Fault, Problem, Type
from gateway.api.routes import Call, Header, Q

KEY = Header(
    "Idempotency-Key",
    "A key of your choice for this document. The same key with the same body gives the same answer"
    " again and no second document; with another body it is refused.",
    r"^[!-~]{1,255}$",
    "order-4711-invoice",
)


def key_of(call: Call[Q]) -> str | None:
    """The key of a request; None where it has none. Raises Problem for one that can be none."""
    keys = call.request.headers.getall(KEY.name, [])
    if not keys:
        return None
    if len(keys) > 1 or not KEY.fits(keys[0]):
        what = "must stand once, and be 1 to 255 visible ASCII characters"
        raise Problem(Type.INVALID_PARAMETER, faults=[Fault(parameter=KEY.name, detail=what)])
    return keys[0]
