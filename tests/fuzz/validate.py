"""A coverage-guided fuzz run of the validator; CONTRIBUTING.md says how to start one.

Looks for bytes on which `validate` raises, gives two answers, or takes more than the time and
memory that libFuzzer allows. Half of the new inputs are made from the bytes of an old one, half
from its tree: bytes alone seldom get past the parser, a tree seldom finds a fault in it.

Needs atheris, which is not among our dependencies.
"""

from __future__ import annotations

import random
import sys
from datetime import date
from pathlib import Path

import atheris
from lxml import etree

with atheris.instrument_imports(include=["schemas", "validators"]):
    from schemas.ubl.structure import TYPES, children
    from validators import registry
    from validators.pipeline import validate
    from validators.report import to_jsonl, to_text

    registry.checks()

DAYS = (date(2026, 6, 30), date(2026, 11, 21))
LANGUAGES = ("en", "sv", "nb")
SEEDS = (
    "examples/*.xml",
    "tests/golden/ubl/*.xml",
    "validators/examples/*.xml",
    "tests/conformance/**/*.xml",
)
TEXTS = (
    *("", " ", "0", "-0", "1", "-1", "0.005", "1e5", "NaN", "INF", "+1", "1.", ".5", "9" * 60),
    *("2026-02-29", "2026-11-21", "-0001-01-01", "2026-11-21+01:00", "99999-01-01", "true"),
    *("SE", "NO", "DK", "DE", "NL", "IT", "GR", "EL", "IS", "SEK", "EUR", "380", "381", "326"),
    *("S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B", "VAT", "TAX", "0192", "0007", "9930"),
    *("SE556677889901", "NO923609016MVA", "7080000000002", "%s", "{0}"),
    *("é\u00a0\u2028\U0001f4a9", "a\tb"),
)
NAMES = sorted({child.tag for kind in TYPES for child in children(kind)})
KINDS = {child.tag: child.type for kind in TYPES for child in children(kind)}


def one(data: bytes) -> None:
    """Validates the bytes as a caller would, and once more; says it all in words."""
    at, language = DAYS[len(data) % 2], LANGUAGES[len(data) % 3]
    report = validate(data, at=at, language=language)
    assert report == validate(data, at=at, language=language), "two answers"
    to_jsonl("-", report)
    to_text("-", report, source=data, language=language)


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """New bytes from old ones, no longer than `most`."""
    chance = random.Random(seed)
    if chance.random() < 0.5:
        try:
            root = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
        except (etree.XMLSyntaxError, ValueError):
            pass
        else:
            for _ in range(chance.choice((1, 1, 2, 4))):
                _change(root, chance)
            changed = etree.tostring(root)
            if len(changed) <= most:
                return changed
    return bytes(atheris.Mutate(data, most))


def _change(root: etree._Element, chance: random.Random) -> None:
    """One change somewhere in the tree."""
    elements = list(root.iter("*"))
    at = chance.choice(elements)
    other = chance.choice(elements)
    what = chance.randrange(8)
    if what == 0:
        at.text = chance.choice(TEXTS)
    elif what == 1 and at is not root:
        at.getparent().remove(at)
    elif what == 2 and at is not root:
        at.addnext(_copy(at))
    elif what == 3 and len(elements) < 1000:
        at.append(_copy(other))
    elif what == 4:
        at.text = other.text
    elif what == 5:
        _grow(at, chance)
    elif what == 6 and at.attrib:
        at.set(chance.choice(list(at.attrib)), chance.choice(TEXTS))
    else:
        at.tag = chance.choice((other.tag, chance.choice(NAMES)))


def _grow(at: etree._Element, chance: random.Random) -> None:
    """One more child where the structure has room for it."""
    kind = KINDS.get(at.tag, etree.QName(at).localname)
    room = children(kind) if kind in TYPES else ()
    if not room:
        return
    ranks = {child.tag: rank for rank, child in enumerate(room)}
    new = chance.choice(room)
    before = sum(ranks.get(kid.tag, 0) <= ranks[new.tag] for kid in at)
    made = etree.Element(new.tag)
    at.insert(before, made)
    if new.type in TYPES:
        _grow(made, chance)
    else:
        made.text = chance.choice(TEXTS)


def _copy(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element, with_tail=False))


def main() -> None:
    """Hands the arguments to libFuzzer; the first directory named is the corpus."""
    house = Path(__file__).parents[2]
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders and not any(folders[0].iterdir()):
        for seed in sorted({path for pattern in SEEDS for path in house.glob(pattern)}):
            (folders[0] / f"{seed.parent.name}-{seed.name}").write_bytes(seed.read_bytes())
    atheris.Setup(sys.argv, one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
