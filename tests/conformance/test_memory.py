"""What is remembered of other documents changes no answer: `validators.form`."""

from __future__ import annotations

import random
from datetime import date

import pytest
from lxml import etree

from tests.conformance.mutations import change, sources
from validators.findings import Finding
from validators.pipeline import _checks, apply
from validators.profiles import PEPPOL_BILLING

DAYS = (date(2026, 6, 30), date(2026, 11, 21))


def mutants(seed: int) -> list[bytes]:
    """Documents that differ from one another in a little: some in their form, some in a value."""
    chance = random.Random(seed)
    made = []
    for data in sources():
        root = etree.fromstring(data)
        if "Invoice-2" not in root.tag and "CreditNote-2" not in root.tag:
            continue
        for _ in range(2):
            change(root, chance)
            made.append(etree.tostring(root))
    return made


def told(data: bytes, at: date) -> tuple[Finding, ...] | str:
    """The findings; or why there are none, of a document that XML Schema would have refused."""
    try:
        return apply(etree.fromstring(data), PEPPOL_BILLING, at=at)
    except (KeyError, ValueError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("seed", range(2))
def test_a_document_is_told_the_same_alone_and_after_others(seed: int) -> None:
    documents = [(data, at) for data in mutants(seed) for at in DAYS]
    assert len(documents) > 10
    after = [told(data, at) for _ in range(2) for data, at in documents]
    alone = []
    for data, at in documents:
        _checks.cache_clear()
        alone.append(told(data, at))
    assert after == alone * 2
    assert len({str(each) for each in alone}) > len(alone) / 8
