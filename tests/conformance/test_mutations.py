"""What holds of every document: no bytes stop the validator, and it says the same each time."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from schemas import structure
from schemas.ubl.read import read
from schemas.ubl.write import write
from tests.conformance.mutations import HOUSE, mutants
from validators import registry
from validators.examples import OTHERS, Example, broken
from validators.examples.edits import parted, source
from validators.findings import Report
from validators.pipeline import validate
from validators.profiles import (
    PEPPOL_BILLING,
    PEPPOL_INVOICE_RESPONSE,
    PEPPOL_MLR,
    PEPPOL_SELFBILLING,
)
from validators.report import to_jsonl

DAY = date(2026, 11, 21)

# No document with a right structure can break these: the structure demands the element or attribute
# that the rule asks for, or lets stand once what the rule wants once. Each is proved from the facts
# of the structure below.
STRUCTURE_FIRST = {
    PEPPOL_BILLING: {
        *("BR-02", "BR-03", "BR-15", "BR-16", "BR-24", "BR-31", "BR-36", "BR-41", "BR-43"),
        *("BR-46", "BR-49", "BR-52", "UBL-DT-06", "UBL-SR-06", "UBL-SR-27", "UBL-SR-28"),
    },
    PEPPOL_MLR: {
        f"PEPPOL-T71-{number}"
        for number in (
            *("B00103", "B00104", "B00105", "B00106", "B01301", "B01302", "B01701", "B02101"),
            *("B02102", "B02201"),
        )
    },
    PEPPOL_INVOICE_RESPONSE: {
        f"PEPPOL-T111-{number}"
        for number in (
            *("B00103", "B00104", "B00105", "B00106", "B01101", "B02301", "B02801", "B02802"),
            *("B03601", "B03901", "B04401", "B04701", "B05001", "B05301"),
        )
    },
}
# The official test can not fail: see the comments at the tables of these rules.
NEVER = {
    *("BR-CO-05", "BR-CO-06", "BR-CO-07", "BR-CO-08", "BR-DEC-13", "BR-DEC-15"),
    *("UBL-CR-629", "UBL-CR-630", "UBL-CR-651", "PEPPOL-T111-R005"),
}


@pytest.mark.parametrize("at", [date(2026, 6, 30), DAY])
def test_every_rule_that_a_document_can_break_is_reached(at: date) -> None:
    reached = set()
    for examples in broken().values():
        for example in examples:
            reached |= {found.rule for found in checked(etree.tostring(example.bad()), at).findings}
    in_force = registry.in_force(at).keys()
    assert in_force - reached == (STRUCTURE_FIRST[PEPPOL_BILLING] | NEVER) & in_force


@pytest.mark.parametrize("profile", OTHERS)
def test_mutants_of_other_documents_reach_every_rule_too(profile: str) -> None:
    reports = [validate(data, at=DAY, profile=profile) for data in mutants(1, 1_500, profile)]
    reached = {each.rule for report in reports if report.structure_ok for each in report.findings}
    in_force = registry.in_force(DAY, profile).keys()
    assert in_force - reached == (STRUCTURE_FIRST.get(profile, set()) | NEVER) & in_force


@pytest.mark.parametrize(
    ("profile", "rule"),
    [(profile, rule) for profile, rules in STRUCTURE_FIRST.items() for rule in sorted(rules)],
)
def test_what_no_document_can_break_the_structure_demands(profile: str, rule: str) -> None:
    """All that breaks the rule is the last edit of its example, which the structure forbids."""
    for example in broken(profile)[rule]:
        assert forbidden(example), example.edits


def forbidden(example: Example) -> bool:
    """Whether the structure forbids the last edit of an example."""
    root = etree.fromstring(
        source("invoice" if example.profile == PEPPOL_BILLING else example.profile)
    )
    vocabulary = structure.of(root)
    assert vocabulary
    what, _, place = parted(example.edits)[-1].partition(" ")
    path, _, attribute = re.sub(r"\[[0-9]\]", "", place).partition("@")
    above, _, name = f"{etree.QName(root).localname}/{path}".rpartition("/")
    (child,) = [
        each for each in vocabulary.children(vocabulary.type_at(above) or "") if each.name == name
    ]
    if attribute:
        return what == "-" and vocabulary.attributes(child.type)[attribute].required
    return child.least > 0 if what == "-" else what == "copy" and child.most == 1


def checked(data: bytes, at: date = DAY, language: str = "en") -> Report:
    """The report, which must be the same when asked for again."""
    report = validate(data, at=at, language=language)
    assert report == validate(data, at=at, language=language)
    return report


def test_a_seed_makes_the_same_mutants_each_time() -> None:
    assert list(mutants(7, 20)) == list(mutants(7, 20)) != list(mutants(8, 20))


@given(st.binary())
def test_no_bytes_stop_it(data: bytes) -> None:
    assert not checked(data).ok


@given(st.text(alphabet="<>/&;![]CDATA\"'=? xmlns:#0a\ufffd\u2028\t"))
def test_no_text_like_xml_stops_it(text: str) -> None:
    assert not checked(text.encode()).ok


@given(
    st.integers(min_value=0),
    st.sampled_from(["en", "sv", "nb"]),
    st.sampled_from([PEPPOL_BILLING, PEPPOL_SELFBILLING, *OTHERS]),
)
def test_no_mutant_stops_it(seed: int, language: str, profile: str) -> None:
    (data,) = mutants(seed, 1, profile)
    checked(data, language=language)


@given(st.integers(min_value=0), st.integers(min_value=0), st.binary(max_size=4))
def test_no_mutant_with_damaged_bytes_stops_it(seed: int, place: int, damage: bytes) -> None:
    (data,) = mutants(seed, 1)
    place %= len(data)
    checked(data[:place] + damage + data[place + len(damage) :])


@given(st.integers(min_value=0))
def test_what_is_written_from_a_right_document_is_right(seed: int) -> None:
    for data in mutants(seed, 5):
        if validate(data, at=DAY).ok:
            written = write(read(etree.fromstring(data)))
            assert [
                each for each in validate(written, at=DAY).findings if each.severity == "fatal"
            ] == []


def test_another_process_says_the_same_in_the_same_order() -> None:
    """The order of no set gets into a report."""
    program = "from tests.conformance.test_mutations import told; print(told())"
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=HOUSE,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert said == {f"{told()}\n"}


def told() -> str:
    """A hash of what is said of many mutants."""
    digest = hashlib.sha256()
    for data in mutants(1, 150):
        digest.update(to_jsonl("-", validate(data, at=DAY)).encode())
    return digest.hexdigest()
