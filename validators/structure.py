"""Structure findings: what is wrong with the structure of a document, as findings.

In charge of `STRUCTURE-*` findings. Not in charge of the structure, nor of the words: both are
`schemas.ubl`. The compiled schema says yes or no at once; words are sought only after a no.
"""

from __future__ import annotations

from lxml import etree

from schemas.ubl import faults
from validators.findings import Finding, Severity


def findings(root: etree._Element) -> tuple[Finding, ...]:
    """What is wrong with the structure below `root`; nothing when it is right."""
    return tuple(
        Finding(
            rule=fault.code,
            severity=Severity.FATAL,
            where=fault.where,
            line=fault.line,
            text=fault.text,
            hint=fault.hint,
        )
        for fault in faults.faults(root)
    )
