"""For how many days what is kept: the gateway's own, and those of a company and kind of document.

Pure: values in, values out. Not in charge of taking anything away (`retention`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.store.keeping import Terms
from gateway.store.port import Company

# The kind for all documents that have no days of their own.
ANY = ""


class WrongDays(ValueError):
    """The days do not go together; the text says why."""


@dataclass(frozen=True, slots=True)
class Days:
    """For how many days what is kept, counted from when the document was accepted."""

    content: int
    evidence: int
    events: int
    rows: int

    def __post_init__(self) -> None:
        """Raises WrongDays."""
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise WrongDays(f"{name} are kept for at least {least} days")
            if getattr(self, name) > self.rows:
                raise WrongDays(
                    f"{name} can not be kept for {getattr(self, name)} days when the document's"
                    f" row goes after {self.rows}"
                )

    def terms(self, now: datetime) -> Terms:
        """The times that these days mean now."""
        return Terms(
            content=now - timedelta(days=self.content),
            evidence=now - timedelta(days=self.evidence),
            rows=now - timedelta(days=self.rows),
        )


# A returned letter or a bounce comes weeks later, and needs the plan and the document to go on.
LEAST = {"content": 90, "evidence": 90, "events": 90, "rows": 90}


def days_of(company: Company, usual: Days) -> dict[str, Days]:
    """The days of a company by kind of document; ANY is always there. Raises WrongDays."""
    own: Mapping[str, Mapping[str, int]] = company.settings.get("retention", {})
    everything = replace(usual, **own.get(ANY, {}))
    return {ANY: everything} | {
        kind: replace(everything, **days) for kind, days in own.items() if kind != ANY
    }


def with_days(company: Company, kind: str, days: Mapping[str, int | None], usual: Days) -> Company:
    """The company with other days for a kind; None takes the usual ones. Raises WrongDays."""
    own = {**company.settings.get("retention", {})}
    mine = {**own.get(kind, {}), **days}
    own[kind] = {name: value for name, value in mine.items() if value is not None}
    changed = replace(company, settings={**company.settings, "retention": own})
    days_of(changed, usual)
    return changed


NAMES: Sequence[str] = tuple(field.name for field in fields(Days))


def shown(company: Company, usual: Days) -> list[dict[str, Any]]:
    """The days of a company, a row for each kind."""
    return [
        {"company": company.id, "kind": kind or "(all)", **asdict(days)}
        for kind, days in days_of(company, usual).items()
    ]
