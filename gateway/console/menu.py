"""The menu: what there is to go to, and for whom. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.console.forms import HOME
from gateway.trust.people.roles import SCOPES, Role
from gateway.trust.scopes import Scope


@dataclass(frozen=True, slots=True)
class Item:
    """A place in the menu. `word` is its name in the words; `scope`: what one must be allowed."""

    path: str
    word: str
    operators: bool = False
    scope: Scope = Scope.READ

    def is_for(self, role: Role) -> bool:
        """Whether people of this role see it: operators theirs, everybody else the rest."""
        return self.operators == (role is Role.OPERATOR) and self.scope in SCOPES[role]


def _operators(name: str) -> Item:
    return Item(f"{HOME}/{name}", f"menu_{name}", operators=True)


def _people(name: str, scope: Scope = Scope.READ) -> Item:
    return Item(f"{HOME}/{name}", f"menu_{name}", scope=scope)


# The first is where one comes to after signing in.
MENU: Final = (
    *map(
        _operators,
        ("now", "log", "inbox", "companies", "channels", "rules", "audit", "jobs"),
    ),
    _people("unsent"),
    _people("sent"),
    _people("received"),
    _people("upload", Scope.SEND),
    _people("settings"),
    _people("usage"),
)
