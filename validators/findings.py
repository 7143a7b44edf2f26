"""What validation says: findings, and the report that holds them.

In charge of the words. Not in charge of finding anything (`validators.pipeline`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. Only a fatal one stops a document."""

    FATAL = "fatal"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    `rule` is the official id; findings of the guard begin `GUARD-`, of the structure `STRUCTURE-`.
    `where` is a path people read: `Invoice/InvoiceLine[2]/Item/Name` in XML, a JSON pointer
    (`/invoice/lines/1/item/name`) when the caller sent JSON. `line` counts from 1, None where there
    is none. `stated` and `computed` are the value that stands there and the one that was expected.
    """

    rule: str
    severity: Severity
    where: str
    line: int | None
    text: str
    hint: str
    terms: tuple[str, ...] = ()
    stated: str | None = None
    computed: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of validating one document. `profile` names the rule set that was chosen."""

    profile: str
    structure_ok: bool
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether the document may be sent: no fatal finding."""
        return not any(finding.severity is Severity.FATAL for finding in self.findings)
