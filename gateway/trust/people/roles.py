"""What people are here for, and what they may do by it: the one table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from gateway.trust.scopes import EVERY, Scope


class Role(StrEnum):
    """What somebody is here for."""

    ADMINISTRATOR = "administrator"
    SENDER = "sender"
    READER = "reader"
    OPERATOR = "operator"  # the gateway's own staff, everywhere: `budkavle person add` makes them


SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.ADMINISTRATOR: EVERY,
    Role.SENDER: frozenset({Scope.READ, Scope.SEND, Scope.RECEIVE}),
    Role.READER: frozenset({Scope.READ}),
    Role.OPERATOR: EVERY,
}
