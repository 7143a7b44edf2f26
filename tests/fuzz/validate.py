"""A coverage-guided fuzz run of the validator; CONTRIBUTING.md says how to start one.

Looks for bytes on which `validate` raises, gives two answers, gives another answer when it has seen
no other document, or takes more than the time and memory that libFuzzer allows. Half of the new
inputs are made from the bytes of an old one, half from its tree: bytes alone seldom get past the
parser, a tree seldom finds a fault in it.

Needs atheris, which is not among our dependencies.
"""

from __future__ import annotations

import random
import sys
import zlib
from datetime import date
from pathlib import Path

import atheris
from lxml import etree

with atheris.instrument_imports(include=["schemas", "validators"]):
    from tests.conformance.mutations import change, sources
    from validators import profiles, registry
    from validators.examples import OTHERS, broken
    from validators.page import section
    from validators.pipeline import _checks, validate
    from validators.report import to_jsonl, to_text

    for name in profiles.NAMES:
        registry.checks(name)

DAYS = (date(2026, 6, 30), date(2026, 11, 21))
LANGUAGES = ("en", "sv", "nb")


def one(data: bytes) -> None:
    """Validates the bytes as a caller would, and once more; says it all in words."""
    at, language = DAYS[len(data) % 2], LANGUAGES[len(data) % 3]
    report = validate(data, at=at, language=language)
    assert report == validate(data, at=at, language=language), "two answers"
    if zlib.crc32(data) % 16 == 0:
        _checks.cache_clear()  # so that nothing is known of the document's form
        assert report == validate(data, at=at, language=language), "remembered wrongly"
    to_jsonl("-", report)
    to_text("-", report, source=data, language=language)
    section("-", report, data, language=language)


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
                change(root, chance)
            changed = etree.tostring(root)
            if len(changed) <= most:
                return changed
    return bytes(atheris.Mutate(data, most))


def plant(corpus: Path) -> None:
    """Begins an empty corpus with our own documents, and one that breaks each rule."""
    names = (profiles.PEPPOL_BILLING, *OTHERS)
    tables = [examples for name in names for examples in broken(name).values()]
    made = [etree.tostring(examples[0].bad()) for examples in tables]
    for number, data in enumerate((*sources(), *made)):
        (corpus / f"{number:04}.xml").write_bytes(data)


def main() -> None:
    """Hands the arguments to libFuzzer; the first directory named is the corpus."""
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders and not any(folders[0].iterdir()):
        plant(folders[0])
    atheris.Setup(sys.argv, one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
