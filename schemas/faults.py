"""What is wrong with the structure of a document, in plain words and all at once.

In charge of turning an invalid tree into faults. Not in charge of the facts they come from
(`schemas.structure`), nor of rules about what the content means (`validators`).

The compiled schema gives the verdict. The words come from the fact table, because libxml2 checks
nothing more in an aggregate after the first child it did not expect, and cannot say what to do.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any

from lxml import etree

from schemas import structure
from schemas.structure import Attribute, Child, Vocabulary
from schemas.xsd import ANY, XSD


class Code(StrEnum):
    """The ways in which a structure can be wrong; each is the id of a finding."""

    ROOT = "STRUCTURE-ROOT"
    NAMESPACE = "STRUCTURE-NAMESPACE"
    MISSING = "STRUCTURE-MISSING"
    REPEATED = "STRUCTURE-REPEATED"
    ORDER = "STRUCTURE-ORDER"
    MISSPELT = "STRUCTURE-MISSPELT"
    ELSEWHERE = "STRUCTURE-ELSEWHERE"
    UNKNOWN = "STRUCTURE-UNKNOWN"
    TEXT = "STRUCTURE-TEXT"
    ELEMENTS = "STRUCTURE-ELEMENTS"
    EXTENSION = "STRUCTURE-EXTENSION"
    ATTRIBUTE = "STRUCTURE-ATTRIBUTE"
    ATTRIBUTE_MISSING = "STRUCTURE-ATTRIBUTE-MISSING"
    BLANKS = "STRUCTURE-BLANKS"
    NUMBER = "STRUCTURE-NUMBER"
    COUNT = "STRUCTURE-COUNT"
    DATE = "STRUCTURE-DATE"
    TIME = "STRUCTURE-TIME"
    DATE_TIME = "STRUCTURE-DATE-TIME"
    INDICATOR = "STRUCTURE-INDICATOR"
    BASE64 = "STRUCTURE-BASE64"
    LANGUAGE = "STRUCTURE-LANGUAGE"
    URI = "STRUCTURE-URI"
    CODE = "STRUCTURE-CODE"
    FIXED = "STRUCTURE-FIXED"
    OTHER = "STRUCTURE-OTHER"


_WRONG_VALUE = {
    "decimal": Code.NUMBER,
    "nonNegativeInteger": Code.COUNT,
    "date": Code.DATE,
    "time": Code.TIME,
    "dateTime": Code.DATE_TIME,
    "boolean": Code.INDICATOR,
    "base64Binary": Code.BASE64,
    "language": Code.LANGUAGE,
    "anyURI": Code.URI,
}
"""By XML Schema base type; any text is right for the others, the strings."""

_EXAMPLES = {
    "currencyID": "SEK",
    "amountCurrencyID": "SEK",
    "mimeCode": "application/pdf",
    "unitCode": "C62",
    "quantityUnitCode": "C62",
}

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the structure.

    `where` is a path without prefixes, with an index only where siblings share the name:
    `Invoice/InvoiceLine[2]/Item/Name`, `.../PriceAmount/@currencyID`. What is missing has the path
    where it should stand, and the line of the element it should stand in.
    `values` are what the words speak of; names of attributes begin with "@".
    """

    code: Code
    where: str
    line: int | None
    values: Mapping[str, str]


def faults(
    root: etree._Element, limit: int = 200, *, known_wrong: bool = False
) -> tuple[Fault, ...]:
    """Everything wrong with the structure of a document; empty when it is right.

    An element's own faults come before those of its children. Stops after `limit` faults.
    `known_wrong` spares asking the compiled schema again, whose account of many faults under one
    element takes time with the square of their number.
    """
    name, vocabulary = _name(root), structure.of(root)
    if vocabulary is None:
        return (_root_fault(root),)
    compiled = vocabulary.schema(name)
    if not known_wrong and compiled.validate(root):
        return ()
    found = tuple(islice(_below(root, vocabulary, name, name), limit))
    if known_wrong and not found:
        compiled.validate(root)
    errors: Any = compiled.error_log  # the stubs miss that it can be iterated
    return found or tuple(_other(error, root) for error in islice(errors, limit))


def _root_fault(root: etree._Element) -> Fault:
    """A root of no vocabulary: its name is known in another namespace, or not at all."""
    known = [etree.QName(tag) for tag in structure.ROOT_TAGS]
    name, namespace = _name(root), etree.QName(root).namespace or ""
    if homes := [tag.namespace or "" for tag in known if tag.localname == name]:
        nearest = max(homes, key=lambda uri: SequenceMatcher(None, namespace[:200], uri).ratio())
        return _fault(Code.NAMESPACE, name, root, name=name, stated=namespace, expected=nearest)
    names = ", ".join(sorted({tag.localname for tag in known}))
    return _fault(Code.ROOT, name, root, name=name, expected=names)


def path(element: etree._Element) -> str:
    """The path of an element as faults write it."""
    parent = element.getparent()
    if parent is None:
        return _name(element)
    same = list(parent.iterchildren(element.tag))
    return f"{path(parent)}/{_step(element, same.index(element) + 1, len(same))}"


def _step(element: etree._Element, number: int, count: int) -> str:
    return f"{_name(element)}[{number}]" if count > 1 else _name(element)


def _other(error: etree._LogEntry, root: etree._Element) -> Fault:
    """What only libxml2 knows: elements inside extensions, xsi:type and xsi:nil."""
    prefixes = {p: uri for element in root.iter("*") for p, uri in element.nsmap.items() if p}
    found = root.xpath(error.path, namespaces=prefixes) if error.path else None
    element = found[0] if isinstance(found, list) and found else root
    assert isinstance(element, etree._Element)
    stated = re.sub(r"\{[^}]*\}", "", error.message)
    return _fault(Code.OTHER, path(element), element, stated=stated)


def _below(
    element: etree._Element, vocabulary: Vocabulary, type_name: str, where: str
) -> Iterator[Fault]:
    """The faults of an element, then of all below it whose type is known."""
    yield from _attribute_faults(element, vocabulary, type_name, where)
    if type_name in vocabulary.datatypes:
        yield from _leaf_faults(element, vocabulary, type_name, where)
    elif type_name == ANY:
        if len(element) == 0:
            yield _fault(Code.EXTENSION, where, element, name=_name(element))
    else:
        if stated := _text(element).strip():
            values = {"name": _name(element), "stated": _shortened(stated)}
            yield _fault(Code.TEXT, where, element, **values)
        kids = list(_with_paths(element, where))
        yield from _child_faults(element, kids, vocabulary, type_name, where)
        ranks, allowed = _ranks(vocabulary, type_name), vocabulary.children(type_name)
        for kid, at in kids:
            if kid.tag in ranks:
                yield from _below(kid, vocabulary, allowed[ranks[kid.tag]].type, at)


@cache
def _ranks(vocabulary: Vocabulary, type_name: str) -> Mapping[str, int]:
    """The place of each child in its aggregate, by tag."""
    return {child.tag: rank for rank, child in enumerate(vocabulary.children(type_name))}


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
    vocabulary: Vocabulary,
    type_name: str,
    where: str,
) -> Iterator[Fault]:
    """Children that are unknown, too many, in the wrong place, or missing."""
    allowed, ranks = vocabulary.children(type_name), _ranks(vocabulary, type_name)
    counts = Counter[str]()
    fitting: list[tuple[int, etree._Element, str]] = []
    for index, (kid, at) in enumerate(kids):
        counts[kid.tag] += 1
        if kid.tag not in ranks:
            code, expected = _instead(index, kids, vocabulary, allowed)
            values = {"name": _name(kid), "parent": _name(parent), "expected": expected}
            yield _fault(code, at, kid, stated=etree.QName(kid).namespace or "", **values)
        elif _too_many(counts[kid.tag], allowed[ranks[kid.tag]]):
            yield _fault(Code.REPEATED, at, kid, name=_name(kid), parent=_name(parent))
        else:
            fitting.append((ranks[kid.tag], kid, at))
    standing = _longest_ascending([rank for rank, _, _ in fitting])
    in_order = [fitting[index][0] for index in sorted(standing)]
    for index, (rank, kid, at) in enumerate(fitting):
        if index not in standing:
            place = _place(rank, in_order, allowed, parent)
            yield _fault(Code.ORDER, at, kid, name=_name(kid), **place)
    for rank, child in enumerate(allowed):
        if child.least and not counts[child.tag]:
            place = _place(rank, in_order, allowed, parent)
            at = f"{where}/{child.name}"
            yield _fault(Code.MISSING, at, parent, name=child.name, **place)


def _too_many(count: int, child: Child) -> bool:
    return child.most is not None and count > child.most


def _instead(
    index: int,
    kids: Sequence[tuple[etree._Element, str]],
    vocabulary: Vocabulary,
    allowed: Sequence[Child],
) -> tuple[Code, str]:
    """What to do with an unknown child: how it is meant, where it belongs, or what may stand."""
    name = _name(kids[index][0])
    for child in allowed:
        if child.name == name:
            return Code.NAMESPACE, vocabulary.namespaces[child.prefix]
    homes = [
        child.name
        for child in allowed
        if any(grand.name == name for grand in vocabulary.children(child.type))
    ]
    if 0 < len(homes) < 4:
        return Code.ELSEWHERE, ", ".join(homes)
    if near := get_close_matches(name, [child.name for child in allowed], 1, 0.75):
        return Code.MISSPELT, near[0]
    # What may stand between its neighbours; of many the most similar.
    tags = [child.tag for child in allowed]
    before, after = (kids[i][0].tag if 0 <= i < len(kids) else "" for i in (index - 1, index + 1))
    first = tags.index(before) if before in tags else 0
    last = tags.index(after) if after in tags else len(tags) - 1
    here = [
        child.name
        for child in allowed[first : last + 1]
        if child.most is None or child.tag not in (before, after)
    ] or [child.name for child in allowed]
    return Code.UNKNOWN, ", ".join(here if len(here) <= 12 else get_close_matches(name, here, 5, 0))


def _place(
    rank: int, in_order: Sequence[int], allowed: Sequence[Child], parent: etree._Element
) -> dict[str, str]:
    """Between which tags a child belongs, given the ranks of those that stand in order."""
    before = in_order[: bisect_left(in_order, rank)]
    after = in_order[bisect_right(in_order, rank) :]
    return {
        "parent": _name(parent),
        "after": f"<{allowed[before[-1]].name if before else _name(parent)}>",
        "before": f"<{allowed[after[0]].name}>" if after else f"</{_name(parent)}>",
    }


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


# --- values and attributes -----------------------------------------------------------------------


def _leaf_faults(
    element: etree._Element, vocabulary: Vocabulary, type_name: str, where: str
) -> Iterator[Fault]:
    if next(element.iterchildren("*"), None) is not None:
        yield _fault(Code.ELEMENTS, where, element, name=_name(element))
    else:
        base = vocabulary.datatypes[type_name].base
        value, codes = _text(element), vocabulary.codes.get(base, ())
        yield from _value_faults(element, base, codes, value, _name(element), where)


def _value_faults(
    element: etree._Element, base: str, codes: Sequence[str], value: str, name: str, where: str
) -> Iterator[Fault]:
    """The fault of a value that is not of its base type, or not on the list named instead."""

    def right(value: str) -> bool:
        return _normalized(base, value) in codes if codes else _is(base, value)

    if right(value):
        return
    values = {"name": name, "stated": _shortened(value.strip())}
    if right(value.strip()):
        yield _fault(Code.BLANKS, where, element, **values)
    elif codes:
        near = get_close_matches(value.strip().upper()[:100], codes, 3, 0.5) or codes[:3]
        yield _fault(Code.CODE, where, element, expected=", ".join(near), **values)
    else:
        yield _fault(_WRONG_VALUE[base], where, element, **values)


def _attribute_faults(
    element: etree._Element, vocabulary: Vocabulary, type_name: str, where: str
) -> Iterator[Fault]:
    allowed, parent = vocabulary.attributes(type_name), _name(element)
    # Names only: lxml seeks each value from the first attribute on, and there may be thousands.
    attributes = dict.fromkeys(map(str, element.keys()))
    for attribute in attributes:
        name = f"@{etree.QName(attribute).localname}"
        at = f"{where}/{name}"
        if attribute in allowed:
            value = element.get(attribute, "")
            yield from _stated_faults(element, vocabulary, allowed[attribute], value, at)
        elif not attribute.startswith(_XSI):
            near = get_close_matches(attribute, list(allowed), 1, 0.75)
            code = Code.MISSPELT if near else Code.UNKNOWN if allowed else Code.ATTRIBUTE
            expected = ", ".join(f"@{name}" for name in near or allowed)
            yield _fault(code, at, element, name=name, parent=parent, expected=expected)
    for attribute in sorted(allowed):
        if allowed[attribute].required and attribute not in attributes:
            name, expected = f"@{attribute}", f'{attribute}="{_EXAMPLES.get(attribute, "...")}"'
            values = {"name": name, "parent": parent, "expected": expected}
            yield _fault(Code.ATTRIBUTE_MISSING, f"{where}/{name}", element, **values)


def _stated_faults(
    element: etree._Element, vocabulary: Vocabulary, fact: Attribute, value: str, where: str
) -> Iterator[Fault]:
    """The fault of an attribute's value; `where` ends in the attribute."""
    name = f"{_name(element)}/{where.rpartition('/')[2]}"
    if fact.fixed is None:
        codes = vocabulary.codes.get(fact.base, ())
        yield from _value_faults(element, fact.base, codes, value, name, where)
    elif _normalized(fact.base, value) != fact.fixed:
        values = {"name": name, "stated": _shortened(value), "expected": fact.fixed}
        yield _fault(Code.FIXED, where, element, **values)


def _normalized(base: str, value: str) -> str:
    """The white space of a value as its base type has it (XML Schema Part 2, section 4.3.6)."""
    if base == "string":
        return value
    if base in ("token", "language", "anyURI"):
        return " ".join(re.split(r"[ \t\r\n]+", value)).strip(" ")
    return re.sub(r"[\t\r\n]", " ", value)


class _Values(threading.local):
    """Whether a text is a right value of a base type, by libxml2's own rules; one per thread."""

    def __init__(self) -> None:
        elements = "".join(f'<xs:element name="{b}" type="xs:{b}"/>' for b in _WRONG_VALUE)
        text = f'<xs:schema xmlns:xs="{XSD}">{elements}</xs:schema>'
        self.schema = etree.XMLSchema(etree.fromstring(text))


_values = _Values()


def _is(base: str, value: str) -> bool:
    if base not in _WRONG_VALUE:
        return True
    element = etree.Element(base)
    element.text = value
    return _values.schema.validate(element)


# --- elements ------------------------------------------------------------------------------------


def _fault(code: Code, where: str, element: etree._Element, **values: str) -> Fault:
    line: Any = element.sourceline  # the stubs miss its type
    return Fault(code, where, line, values)


def _name(element: etree._Element) -> str:
    """The name without prefix; no name of UBL is longer than 100, a hostile one may be."""
    return etree.QName(element).localname[:100]


def _text(element: etree._Element) -> str:
    """An element's own text; comments and processing instructions are no part of it."""
    return (element.text or "") + "".join(node.tail or "" for node in element)


def _shortened(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= 60 else f"{value[:57]}..."
