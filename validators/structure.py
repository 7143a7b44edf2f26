"""Structure findings: what the XML Schema of UBL says of a document, told in plain words.

In charge of turning schema errors into findings (`STRUCTURE-*`). Not in charge of the schema
(`schemas.ubl.structure`).
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from schemas.ubl import structure
from validators.findings import Finding, Severity
from validators.messages import texts
from validators.places import Places

ROOTS: Final = ("Invoice", "CreditNote")


def findings(root: etree._Element, language: str) -> tuple[Finding, ...]:
    """What is wrong with the structure below `root`; nothing when it is right."""
    name = etree.QName(root)
    if name.localname not in ROOTS or structure.ROOTS[name.localname] != name.namespace:
        values = {"stated": f"{{{name.namespace or ''}}}{name.localname}"}
        text, hint = texts(language).say("STRUCTURE-ROOT", (), "", values)
        return (_finding("STRUCTURE-ROOT", name.localname, root.sourceline, text, hint),)
    schema = structure.schema(name.localname)
    if schema.validate(root):
        return ()
    text, hint = texts(language).say("STRUCTURE-ELEMENT", (), "", {})
    return tuple(
        _finding("STRUCTURE-ELEMENT", entry.path or "", entry.line, entry.message, hint)
        for entry in schema.error_log
    )


def _finding(rule: str, where: str, line: int | None, text: str, hint: str) -> Finding:
    return Finding(rule, Severity.FATAL, where, line or None, text, hint)
