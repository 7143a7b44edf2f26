"""What is wrong with the structure of a UBL document, in plain words and all at once.

In charge of turning an invalid tree into faults. Not in charge of the facts they come from
(`schemas.ubl.structure`), nor of rules about what the content means (`validators`).

The compiled schema gives the verdict. The words come from the fact table, because libxml2 checks
nothing more in an aggregate after the first child it did not expect, and cannot say what to do.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice
from typing import Any

from lxml import etree

from schemas.ubl.structure import ANY, DATATYPES, NAMESPACES, ROOTS, XSD, Child, children, schema


class Code(StrEnum):
    """The ways in which a structure can be wrong; each is the id of a finding."""

    ROOT = "STRUCTURE-ROOT"
    UNKNOWN = "STRUCTURE-UNKNOWN"
    ORDER = "STRUCTURE-ORDER"
    REPEATED = "STRUCTURE-REPEATED"
    MISSING = "STRUCTURE-MISSING"
    CONTENT = "STRUCTURE-CONTENT"
    VALUE = "STRUCTURE-VALUE"
    ATTRIBUTE = "STRUCTURE-ATTRIBUTE"
    OTHER = "STRUCTURE-OTHER"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the structure.

    `where` is a path without prefixes, with an index only where siblings share the name:
    `Invoice/InvoiceLine[2]/Item/Name`, `.../PriceAmount/@currencyID`. What is missing has the path
    where it should stand, and the line of the element it should stand in.
    """

    code: Code
    where: str
    line: int | None
    text: str
    hint: str


def faults(root: etree._Element, limit: int = 200) -> tuple[Fault, ...]:
    """Everything wrong with the structure of a document; empty when it is right.

    An element's own faults come before those of its children. Stops after `limit` faults.
    """
    name = etree.QName(root).localname
    if root.tag != f"{{{ROOTS.get(name)}}}{name}":
        return (_wrong_root(root, name),)
    compiled = schema(name)
    if compiled.validate(root):
        return ()
    errors: Any = compiled.error_log  # the stubs miss that it can be iterated
    found = tuple(islice(_below(root, name, name), limit))
    return found or tuple(_other(error, root) for error in islice(errors, limit))


def path(element: etree._Element) -> str:
    """The path of an element as faults write it."""
    parent = element.getparent()
    if parent is None:
        return etree.QName(element).localname
    same = list(parent.iterchildren(element.tag))
    return f"{path(parent)}/{_step(element, same.index(element) + 1, len(same))}"


def _step(element: etree._Element, number: int, count: int) -> str:
    name = etree.QName(element).localname
    return f"{name}[{number}]" if count > 1 else name


def _wrong_root(root: etree._Element, name: str) -> Fault:
    if name in ROOTS:
        namespace = etree.QName(root).namespace
        said = f"{name} is in {f'the namespace {namespace}' if namespace else 'no namespace'}"
        return _fault(Code.ROOT, name, root, said, f"expected the namespace {ROOTS[name]}")
    said = f"{name} is not a known document"
    return _fault(Code.ROOT, name, root, said, f"expected {_listed(sorted(ROOTS))} of UBL 2.1")


def _other(error: etree._LogEntry, root: etree._Element) -> Fault:
    """What only libxml2 knows: elements inside extensions, xsi:type and xsi:nil."""
    prefixes = {p: uri for element in root.iter("*") for p, uri in element.nsmap.items() if p}
    found = root.xpath(error.path, namespaces=prefixes) if error.path else None
    element = found[0] if isinstance(found, list) and found else root
    assert isinstance(element, etree._Element)
    text = re.sub(r"\{[^}]*\}", "", error.message)
    inside = any(_name(ancestor) == "ExtensionContent" for ancestor in element.iterancestors())
    hint = "correct or remove it" if inside else "remove the attribute xsi:type or xsi:nil"
    return _fault(Code.OTHER, path(element), element, text, hint)


def _below(element: etree._Element, type_name: str, where: str) -> Iterator[Fault]:
    """The faults of an element, then of all below it whose type is known."""
    yield from _attribute_faults(element, type_name, where)
    if type_name in DATATYPES:
        yield from _leaf_faults(element, DATATYPES[type_name].base, where)
    elif type_name == ANY:
        if len(element) == 0:
            said, hint = (
                f"{_name(element)} is empty",
                "put one element into it, or remove all of it",
            )
            yield _fault(Code.CONTENT, where, element, said, hint)
    else:
        kids = list(_with_paths(element, where))
        yield from _text_faults(element, where)
        yield from _child_faults(element, kids, type_name, where)
        types = {child.tag: child.type for child in children(type_name)}
        for kid, at in kids:
            if kid.tag in types:
                yield from _below(kid, types[kid.tag], at)


def _with_paths(parent: etree._Element, where: str) -> Iterator[tuple[etree._Element, str]]:
    counts = Counter(kid.tag for kid in parent.iterchildren("*"))
    seen = Counter[str]()
    for kid in parent.iterchildren("*"):
        seen[kid.tag] += 1
        yield kid, f"{where}/{_step(kid, seen[kid.tag], counts[kid.tag])}"


# --- children ------------------------------------------------------------------------------------


def _child_faults(
    parent: etree._Element,
    kids: Sequence[tuple[etree._Element, str]],
    type_name: str,
    where: str,
) -> Iterator[Fault]:
    """Children that are unknown, too many, in the wrong place, or missing."""
    allowed = children(type_name)
    ranks = {child.tag: rank for rank, child in enumerate(allowed)}
    counts = Counter[str]()
    fitting: list[tuple[int, etree._Element, str]] = []
    for index, (kid, at) in enumerate(kids):
        counts[kid.tag] += 1
        if kid.tag not in ranks:
            text = f"{_name(kid)} is not allowed in {_name(parent)}"
            yield _fault(Code.UNKNOWN, at, kid, text, _instead(index, kids, allowed))
        elif _too_many(counts[kid.tag], allowed[ranks[kid.tag]]):
            text = f"{_name(kid)} may stand only once in {_name(parent)}"
            yield _fault(Code.REPEATED, at, kid, text, "keep one of them")
        else:
            fitting.append((ranks[kid.tag], kid, at))
    standing = _longest_ascending([rank for rank, _, _ in fitting])
    in_order = [fitting[index][0] for index in sorted(standing)]
    for index, (rank, kid, at) in enumerate(fitting):
        if index not in standing:
            text = f"{_name(kid)} stands in the wrong place in {_name(parent)}"
            yield _fault(Code.ORDER, at, kid, text, f"move it {_place(rank, in_order, allowed)}")
    for rank, child in enumerate(allowed):
        if child.least and not counts[child.tag]:
            text = f"{child.name} is missing in {_name(parent)}"
            place = _place(rank, in_order, allowed) or f"into {_name(parent)}"
            yield _fault(Code.MISSING, f"{where}/{child.name}", parent, text, f"put it {place}")


def _too_many(count: int, child: Child) -> bool:
    return child.most is not None and count > child.most


def _instead(
    index: int, kids: Sequence[tuple[etree._Element, str]], allowed: Sequence[Child]
) -> str:
    """How the name of an unknown child is written right, or what may stand in its place."""
    name = _name(kids[index][0])
    for child in allowed:
        if child.name == name:
            return f"put it into the namespace {NAMESPACES[child.prefix]}"
    homes = [c.name for c in allowed if any(g.name == name for g in children(c.type))]
    if 0 < len(homes) < 4:
        return f"it belongs in {_listed(homes)}"
    if near := get_close_matches(name, [child.name for child in allowed], 1, 0.75):
        return f"did you mean {near[0]}?"
    tags = [child.tag for child in allowed]
    # The places between its neighbours; a row of unknown ones has no known neighbour.
    before, after = (kids[i][0].tag if 0 <= i < len(kids) else "" for i in (index - 1, index + 1))
    first = tags.index(before) if before in tags else 0
    last = tags.index(after) if after in tags else len(tags) - 1
    present = {before, after}
    here = [
        child.name
        for child in allowed[first : last + 1]
        if child.most is None or child.tag not in present
    ]
    if not here:
        return "remove it"
    if len(here) > 12:
        likely = get_close_matches(name, here, 5, 0)
        return f"remove it; here may stand, for example, {_listed(likely)}"
    return f"remove it; here may stand {_listed(here)}"


def _place(rank: int, in_order: Sequence[int], allowed: Sequence[Child]) -> str:
    """Where a child belongs among those that stand in order: "after ID and before IssueDate"."""
    before = in_order[: bisect_left(in_order, rank)]
    after = in_order[bisect_right(in_order, rank) :]
    words = [f"after {allowed[before[-1]].name}"] if before else []
    if after:
        words.append(f"before {allowed[after[0]].name}")
    return " and ".join(words)


def _longest_ascending(ranks: Sequence[int]) -> frozenset[int]:
    """The positions of a longest run that never falls: the fewest elements have to move."""
    ends: list[int] = []  # ends[n]: position of the lowest end of a run of n + 1
    back: list[int] = []
    for position, rank in enumerate(ranks):
        length = bisect_right(ends, rank, key=ranks.__getitem__)
        back.append(ends[length - 1] if length else -1)
        ends[length : length + 1] = [position]
    run = []
    position = ends[-1] if ends else -1
    while position >= 0:
        run.append(position)
        position = back[position]
    return frozenset(run)


# --- text, values, attributes --------------------------------------------------------------------

_EXPECTED = {
    "decimal": "a number: digits, and a point before the decimals, such as 1250.00",
    "date": "a date: year-month-day, such as 2026-11-21",
    "time": "a time: hours:minutes:seconds, such as 14:30:00",
    "boolean": "true or false",
    "base64Binary": "a file in base64",
    "language": "a language code, such as sv or nb",
    "anyURI": "a URI",
}
"""What a value must be, by XML Schema base type; any text is a right string."""

_EXAMPLES = {"currencyID": "SEK", "mimeCode": "application/pdf", "unitCode": "C62"}

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def _text_faults(element: etree._Element, where: str) -> Iterator[Fault]:
    if text := _text(element).strip():
        said = f"the text {_shown(text)} stands between the elements of {_name(element)}"
        yield _fault(Code.CONTENT, where, element, said, "remove it")


def _leaf_faults(element: etree._Element, base: str, where: str) -> Iterator[Fault]:
    name = _name(element)
    if next(element.iterchildren("*"), None) is not None:
        said = f"{name} holds elements"
        yield _fault(Code.CONTENT, where, element, said, "write only text in it")
    elif not _is(base, value := _text(element)):
        said = f"{name} is {_shown(value)}" if value.strip() else f"{name} is empty"
        blanks = _is(base, value.strip())
        hint = "remove the blanks around it" if blanks else f"expected {_EXPECTED[base]}"
        yield _fault(Code.VALUE, where, element, said, hint)


def _attribute_faults(element: etree._Element, type_name: str, where: str) -> Iterator[Fault]:
    datatype = DATATYPES.get(type_name)
    allowed = datatype.attributes if datatype else {}
    name = _name(element)
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    for attribute, value in attributes.items():
        at = f"{where}/@{etree.QName(attribute).localname}"
        if attribute in allowed:
            if not _is(allowed[attribute], value):
                said = f"the attribute {attribute} of {name} is {_shown(value)}"
                hint = f"expected {_EXPECTED[allowed[attribute]]}"
                yield _fault(Code.VALUE, at, element, said, hint)
        elif not attribute.startswith(_XSI):
            said = f"{name} may not have the attribute {etree.QName(attribute).localname}"
            hint = f"remove it; allowed is {_listed(list(allowed))}" if allowed else "remove it"
            yield _fault(Code.ATTRIBUTE, at, element, said, hint)
    for attribute in sorted(datatype.required if datatype else ()):
        if attribute not in attributes:
            said = f"the attribute {attribute} of {name} is missing"
            hint = f'expected {attribute}, such as {attribute}="{_EXAMPLES[attribute]}"'
            yield _fault(Code.ATTRIBUTE, f"{where}/@{attribute}", element, said, hint)


class _Values(threading.local):
    """Whether a text is a right value of a base type, by libxml2's own rules."""

    def __init__(self) -> None:
        elements = "".join(f'<xs:element name="{b}" type="xs:{b}"/>' for b in _EXPECTED)
        text = f'<xs:schema xmlns:xs="{XSD}">{elements}</xs:schema>'
        self.schema = etree.XMLSchema(etree.fromstring(text))


_values = _Values()


def _is(base: str, value: str) -> bool:
    if base not in _EXPECTED:
        return True
    element = etree.Element(base)
    element.text = value
    return _values.schema.validate(element)


# --- words ---------------------------------------------------------------------------------------


def _fault(code: Code, where: str, element: etree._Element, text: str, hint: str) -> Fault:
    line: Any = element.sourceline  # the stubs miss its type
    return Fault(code, where, line, text, hint)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _text(element: etree._Element) -> str:
    """An element's own text; comments and processing instructions are no part of it."""
    return (element.text or "") + "".join(node.tail or "" for node in element)


def _shown(value: str) -> str:
    value = " ".join(value.split())
    return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'


def _listed(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
