"""Mutants of our own documents: seeded, so that each can be made again from its seed.

Two kinds of change. Those of the examples (`validators.examples`) break one rule each and reach
every rule that a document can break; those here know nothing of rules, only of the structure, and
meet what nobody thought of.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import cycle
from pathlib import Path

from lxml import etree

from schemas import forms, structure
from schemas.forms import Form
from schemas.structure import Vocabulary
from validators.examples import OTHERS, broken
from validators.examples.edits import edited
from validators.profiles import PEPPOL_BILLING, PEPPOL_SELFBILLING

HOUSE = Path(__file__).parents[2]
TEXTS = (
    *("", " ", "0", "-0", "1", "-1", "0.005", "1e5", "NaN", "INF", "+1", "1.", ".5", "9" * 60),
    *("2026-02-29", "2026-11-21", "-0001-01-01", "2026-11-21+01:00", "99999-01-01", "true"),
    *("SE", "NO", "DK", "DE", "NL", "IT", "GR", "EL", "IS", "SEK", "EUR", "380", "381", "326"),
    *("S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B", "VAT", "TAX", "0192", "0007", "9930"),
    *("SE556677889901", "NO923609016MVA", "7080000000002", "%s", "{0}"),
    *("AB", "AP", "RE", "CA", "UQ", "PD", "IP", "BV", "BW", "SV", "NON", "OTH", "REF", "LEG"),
    *("é\u00a0\u2028\U0001f4a9", "a\tb"),
)


@cache
def sources(profile: str = PEPPOL_BILLING) -> tuple[bytes, ...]:
    """Our own documents of a profile: of billing the invoice in many forms, and of other tests."""
    if profile in OTHERS:
        return (etree.tostring(edited("", profile)),)
    if profile == PEPPOL_SELFBILLING:
        kinds = ("self-billing", "credit note; self-billing")
        return tuple(etree.tostring(edited(kind)) for kind in kinds)
    made = [
        edited(f"{kind}category {code}")
        for kind in ("", "credit note; ")
        for code in ("S", "Z", "E", "AE", "K", "G", "O", "L", "M")
    ]
    files = [*HOUSE.glob("examples/*.xml"), *HOUSE.glob("tests/golden/ubl/*.xml")]
    contents = [path.read_bytes() for path in sorted(files)]
    bills = (each for each in contents if forms.of(etree.fromstring(each)) is Form.BILLING)
    return (*map(etree.tostring, made), *bills)


def mutants(seed: int, count: int, profile: str = PEPPOL_BILLING) -> Iterator[bytes]:
    """So many mutants of a seed, the same each time; half of them break the rules in turn."""
    chance = random.Random(seed)
    edits = _edits(profile)
    chance.shuffle(edits)
    turns = cycle(edits)
    document = profile if profile in OTHERS else "invoice"
    for _ in range(count):
        if chance.random() < 0.5:
            root = etree.fromstring(chance.choice(sources(profile)))
        else:
            more = chance.choices(edits, k=chance.choice((0, 0, 1, 2)))
            root = _broken([next(turns), *more], document)
        for _ in range(chance.choice((0, 1, 1, 2, 4))):
            change(root, chance)
        yield etree.tostring(root)


def _edits(profile: str) -> list[str]:
    """The edits that break the rules of a profile."""
    edits = [example.edits for examples in broken(profile).values() for example in examples]
    if profile == PEPPOL_SELFBILLING:  # most of its rules are those of billing
        usual = [example.edits for examples in broken().values() for example in examples]
        edits += [f"self-billing; {each}" for each in usual if not each.startswith("credit note")]
    return edits


def _broken(edits: Sequence[str], document: str) -> etree._Element:
    """The document with the edits of some rules, where they go together."""
    try:
        return edited("; ".join(edits), document)
    except (ValueError, LookupError):  # one takes away what another would change
        return edited(edits[0], document)


def change(root: etree._Element, chance: random.Random) -> None:
    """One change somewhere in the tree."""
    elements = list(root.iter("*"))
    at, other = chance.choice(elements), chance.choice(elements)
    parent = at.getparent()
    what = chance.randrange(8)
    if what == 0:
        at.text = chance.choice(TEXTS)
    elif what == 1 and parent is not None:
        parent.remove(at)
    elif what == 2 and parent is not None:
        at.addnext(_copy(at))
    elif what == 3 and len(elements) < 1000:
        at.append(_copy(other))
    elif what == 4:
        at.text = other.text
    elif what == 5:
        _grow(at, chance, _vocabulary(root))
    elif what == 6 and at.attrib:
        at.set(chance.choice(sorted(map(str, at.attrib))), chance.choice(TEXTS))
    else:
        at.tag = chance.choice((other.tag, chance.choice(sorted(_kinds(_vocabulary(root))))))


def _vocabulary(root: etree._Element) -> Vocabulary:
    return structure.of(root) or structure.vocabulary("ubl/structure")


@cache
def _kinds(vocabulary: Vocabulary) -> dict[str, str]:
    """Element -> its type."""
    kinds = (child for kind in vocabulary.types for child in vocabulary.children(kind))
    return {child.tag: child.type for child in kinds}


def _grow(at: etree._Element, chance: random.Random, vocabulary: Vocabulary) -> None:
    """One more child where the structure has room for it, and children in that."""
    room = vocabulary.children(_kinds(vocabulary).get(at.tag, etree.QName(at).localname))
    if not room:
        return
    ranks = {child.tag: rank for rank, child in enumerate(room)}
    new = chance.choice(room)
    made = etree.Element(new.tag)
    at.insert(sum(ranks.get(kid.tag, 0) <= ranks[new.tag] for kid in at), made)
    if new.type in vocabulary.types:
        _grow(made, chance, vocabulary)
    else:
        made.text = chance.choice(TEXTS)


def _copy(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element, with_tail=False))
