"""Mutants of our own documents: seeded, so that each can be made again from its seed.

Two kinds of change. Those of the examples (`validators.examples`) break one rule each and reach
every rule that a document can break; those here know nothing of rules, only of the structure, and
meet what nobody thought of.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lxml import etree

from schemas.ubl.structure import TYPES, children
from validators.examples import broken
from validators.examples.edits import edited

HOUSE = Path(__file__).parents[2]
TEXTS = (
    *("", " ", "0", "-0", "1", "-1", "0.005", "1e5", "NaN", "INF", "+1", "1.", ".5", "9" * 60),
    *("2026-02-29", "2026-11-21", "-0001-01-01", "2026-11-21+01:00", "99999-01-01", "true"),
    *("SE", "NO", "DK", "DE", "NL", "IT", "GR", "EL", "IS", "SEK", "EUR", "380", "381", "326"),
    *("S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B", "VAT", "TAX", "0192", "0007", "9930"),
    *("SE556677889901", "NO923609016MVA", "7080000000002", "%s", "{0}"),
    *("é\u00a0\u2028\U0001f4a9", "a\tb"),
)
_TAGS = sorted({child.tag for kind in TYPES for child in children(kind)})
_KINDS = {child.tag: child.type for kind in TYPES for child in children(kind)}


@cache
def sources() -> tuple[bytes, ...]:
    """Our own documents: the invoice of the examples in many forms, and those of other tests."""
    made = [
        edited(f"{kind}category {code}")
        for kind in ("", "credit note; ")
        for code in ("S", "Z", "E", "AE", "K", "G", "O", "L", "M")
    ]
    files = [*HOUSE.glob("examples/*.xml"), *HOUSE.glob("tests/golden/ubl/*.xml")]
    return (*map(etree.tostring, made), *(path.read_bytes() for path in sorted(files)))


def mutants(seed: int, count: int) -> Iterator[bytes]:
    """So many mutants of a seed, the same each time."""
    chance = random.Random(seed)
    edits = [example.edits for examples in broken().values() for example in examples]
    for _ in range(count):
        if chance.random() < 0.5:
            root = etree.fromstring(chance.choice(sources()))
        else:
            root = _broken(chance, edits)
        for _ in range(chance.choice((0, 1, 1, 2, 4))):
            change(root, chance)
        yield etree.tostring(root)


def _broken(chance: random.Random, edits: list[str]) -> etree._Element:
    """The invoice with the edits of some rules, where they go together."""
    chosen = "; ".join(chance.choices(edits, k=chance.choice((1, 1, 2, 3))))
    try:
        return edited(chosen)
    except (ValueError, LookupError):  # one takes away what another would change
        return edited(chosen.split("; ")[0])


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
        _grow(at, chance)
    elif what == 6 and at.attrib:
        at.set(chance.choice(sorted(map(str, at.attrib))), chance.choice(TEXTS))
    else:
        at.tag = chance.choice((other.tag, chance.choice(_TAGS)))


def _grow(at: etree._Element, chance: random.Random) -> None:
    """One more child where the structure has room for it, and children in that."""
    kind = _KINDS.get(at.tag, etree.QName(at).localname)
    room = children(kind) if kind in TYPES else ()
    if not room:
        return
    ranks = {child.tag: rank for rank, child in enumerate(room)}
    new = chance.choice(room)
    made = etree.Element(new.tag)
    at.insert(sum(ranks.get(kid.tag, 0) <= ranks[new.tag] for kid in at), made)
    if new.type in TYPES:
        _grow(made, chance)
    else:
        made.text = chance.choice(TEXTS)


def _copy(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element, with_tail=False))
