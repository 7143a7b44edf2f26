"""Another engine reads the schema that we write: xmlschema and libxml2 give the same verdict.

libxml2 is lenient about some faults in a schema; a mistake of the generator's that it overlooks is
seen here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import xmlschema
from lxml import etree

from schemas import xsd
from schemas.structure import of

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.xml"))
BREAKS = 60


@cache
def second(tag: str) -> xmlschema.XMLSchema:
    """The schema of a root element as xmlschema understands it."""
    vocabulary = of(etree.Element(tag))
    assert vocabulary is not None
    root = etree.QName(tag).localname
    with TemporaryDirectory() as directory:
        texts = xsd.texts(vocabulary, root)
        for name, text in texts.items():
            (Path(directory) / name).write_text(text, "utf-8")
        home = next(iter(texts))  # the root's own comes first
        return xmlschema.XMLSchema(str(Path(directory) / home))


def both(document: etree._Element) -> tuple[bool, bool]:
    vocabulary = of(document)
    assert vocabulary is not None
    first = vocabulary.schema(etree.QName(document).localname).validate(document)
    return first, second(str(document.tag)).is_valid(document)


def _lose(element: etree._Element) -> None:
    element.getparent().remove(element)


def _repeat(element: etree._Element) -> None:
    element.addnext(deepcopy(element))


def _move_up(element: etree._Element) -> None:
    element.getparent().insert(0, element)


def _rename(element: etree._Element) -> None:
    element.tag = f"{element.tag}X"


def _stray(element: etree._Element) -> None:
    element.set("stray", "1")


def _unmark(element: etree._Element) -> None:
    for name in list(element.attrib):
        del element.attrib[name]


def _nonsense(element: etree._Element) -> None:
    element.text = f"nonsense {element.text}"


BREAKINGS: list[Callable[[etree._Element], None]] = [
    *(_lose, _repeat, _move_up, _rename, _stray, _unmark, _nonsense)
]


def broken(document: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """One break at a time, anywhere; the same ones at each run. Not all of them are faults."""
    chance = random.Random(20)
    for _ in range(BREAKS):
        copy = deepcopy(document)
        element = chance.choice([e for e in copy.iter(etree.Element) if e is not copy])
        how = chance.choice(BREAKINGS)
        what = f"{how.__name__} {etree.QName(element).localname}"
        how(element)
        yield what, copy


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_two_engines_give_one_verdict(path: Path) -> None:
    document = etree.parse(path).getroot()
    first, other = both(document)
    assert first == other
    verdicts = {what: both(copy) for what, copy in broken(document)}
    assert {what: v for what, v in verdicts.items() if v[0] != v[1]} == {}
    assert {first for first, _ in verdicts.values()} == {True, False}
