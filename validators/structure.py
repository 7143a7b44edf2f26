"""Structure findings: what is wrong with the structure of a document, as findings.

In charge of `STRUCTURE-*` findings. Not in charge of the structure, which is `schemas`, nor of the
words (`validators.messages`). The compiled schema says yes or no at once; what to say is sought
only after a no.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from schemas import faults, structure
from schemas.ubl.terms import term_of
from validators.findings import Finding, Severity
from validators.guard import LONGEST_PROLOG
from validators.messages import Caller, texts

# More than the guard lets stand before the root element, and its start tag.
_BEGINNING: Final = 2 * LONGEST_PROLOG


def schema_for(data: bytes) -> etree.XMLSchema | None:
    """The schema of the root element that the bytes begin with; None when there is none for it."""
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True)
    try:
        parser.feed(data[:_BEGINNING])
    except etree.XMLSyntaxError:
        return None
    root = next((element for _, element in parser.read_events()), None)
    if not isinstance(root, etree._Element):
        return None
    vocabulary = structure.of(root)
    return None if vocabulary is None else vocabulary.schema(etree.QName(root).localname)


def findings(
    root: etree._Element,
    *,
    known_wrong: bool = False,
    language: str = "en",
    called: Caller | None = None,
) -> tuple[Finding, ...]:
    """What is wrong with the structure below `root`; nothing when it is right."""
    said = texts(language)
    found = []
    for fault in faults.faults(root, known_wrong=known_wrong):
        values, terms = quoted(fault), term_of(fault.where)
        name = called(fault.where, terms) if called else None
        if called and name:
            above = fault.where.rpartition("/")[0]
            values |= {"name": name, "parent": called(above, ()) or values.get("parent", above)}
        text, hint = said.say(fault.code, (), "", values)
        if name and fault.code in _MISSING:
            hint = said.words["add"].format(name=name)
        found.append(
            Finding(fault.code, Severity.FATAL, fault.where, fault.line, text, hint, terms)
        )
    return tuple(found)


def quoted(fault: faults.Fault) -> dict[str, str]:
    """The values of a fault for its message; what is stated in quotes, for it may be nothing."""
    if "stated" not in fault.values or fault.code is faults.Code.OTHER:
        return dict(fault.values)
    return {**fault.values, "stated": f'"{fault.values["stated"]}"'}


_MISSING: Final = (faults.Code.MISSING, faults.Code.ATTRIBUTE_MISSING)
