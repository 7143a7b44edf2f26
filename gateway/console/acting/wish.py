"""What somebody asks for in a form: read as strictly as the API reads it.

In charge of the fields, of what is wrong with them, and of keeping the secret ones from being shown
between two pages. Not in charge of doing it (`doing`).
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.api.verbs import Rerouting
from gateway.blobs.seal import Secret, Tampered, seal, unseal
from gateway.console.forms import Form
from gateway.delivery.rerouting import NewRoute
from gateway.intake import shape

# The fields of another route that are shown again, and those that never are.
OPEN: Final = ("email", "phone", "efaktura_id")
SECRET: Final = ("personal_number", "fmi")
POSTAL: Final = ("name", "street", "street2", "post_code", "city", "country")

MOST_CHANNELS: Final = 4


@dataclass(frozen=True, slots=True)
class Route:
    """Another route, as it was filled in: `fields` may be shown again, `secrets` never."""

    channels: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def postal(self) -> Mapping[str, str]:
        """The fields of the postal address that are filled in."""
        given = {name: self.fields.get(f"postal_{name}", "") for name in POSTAL}
        return {name: value for name, value in given.items() if value}

    def read(self) -> NewRoute | tuple[str, ...]:
        """As `gateway.delivery` says it, or the names of the fields that can not be so."""
        body: dict[str, Any] = {"reason": "-"}
        body |= {name: self.fields[name] for name in OPEN if self.fields.get(name)}
        body |= self.secrets
        if self.channels:
            body["channels"] = list(self.channels)
        if self.postal:
            body["postal_address"] = {**self.postal, "country": self.postal.get("country", "")}
        found = shape.bind(body, Rerouting)
        if isinstance(found, Rerouting):
            return found.route()
        return tuple(dict.fromkeys(_named(fault.where) for fault in found))


def _named(where: str) -> str:
    """The field of the form that a pointer is about: `/postal_address/city`."""
    first, *more = where.strip("/").split("/")
    return f"postal_{more[0]}" if first == "postal_address" and more else first


def route_of(form: Form, sealed: Mapping[str, str]) -> Route:
    """What a form says of another route; a secret that is not typed anew is the one before."""
    typed = {name: form[name].strip() for name in SECRET}
    names = (*OPEN, *(f"postal_{name}" for name in POSTAL))
    return Route(
        tuple(filter(None, form.every("channels")))[:MOST_CHANNELS],
        {name: form[name].strip() for name in names if form[name].strip()},
        {**sealed, **{name: value for name, value in typed.items() if value}},
    )


def sealed(secret: bytes, about: Sequence[str], secrets: Mapping[str, str]) -> str:
    """What may not be shown, for a hidden field: only this gateway opens it, and only for what it
    is `about`. Empty where there is nothing."""
    if not secrets:
        return ""
    return urlsafe_b64encode(seal(_key(secret, about), json.dumps(secrets).encode())).decode()


def unsealed(secret: bytes, about: Sequence[str], given: str) -> Mapping[str, str]:
    """The same again; nothing where it is not ours."""
    try:
        opened = json.loads(unseal(_key(secret, about), urlsafe_b64decode(given)))
    except (Tampered, ValueError):
        return {}
    return {name: value for name, value in opened.items() if name in SECRET}


def _key(secret: bytes, about: Sequence[str]) -> Secret:
    return Secret(hmac.digest(secret, "\x00".join(("acting", *about)).encode(), "sha256"))
