"""Structure findings: what is wrong with the structure of a document, as findings.

In charge of `STRUCTURE-*` findings. Not in charge of the structure, nor of the words: both are
`schemas`. The compiled schema says yes or no at once; words are sought only after a no.
"""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from schemas import faults
from schemas.ubl.structure import schema
from validators.findings import Finding, Severity


def is_right(data: bytes, name: str, parser: Callable[..., etree.XMLParser]) -> bool:
    """The verdict of the schema of the root `name` on bytes that can be parsed, while parsing.

    For large documents: libxml2's check of a finished tree looks at all elements before a faulty
    one to say where it is, so that many faults under one element take hours.
    """
    try:
        etree.fromstring(data, parser(schema=schema(name)))
    except etree.XMLSyntaxError:
        return False
    return True


def findings(root: etree._Element, *, known_wrong: bool = False) -> tuple[Finding, ...]:
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
        for fault in faults.faults(root, known_wrong=known_wrong)
    )
