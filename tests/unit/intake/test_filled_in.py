"""What follows from what is stated is filled in, told with its reason, and nothing is invented."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gateway.api.examples import NORWEGIAN_CONSUMER, SWEDISH_COMPANY
from gateway.intake.filled_in import MOST, _reasons, additions
from gateway.intake.prepare import Prepared, Rejected, prepare
from gateway.intake.submission import JSON
from schemas.derived import derive
from schemas.filled import filled
from schemas.invoice import Invoice
from schemas.totals import complete
from tests.unit.schemas.test_read_write import invoices
from tests.unit.schemas.test_totals import invoice, line
from transports.base import File
from validators.messages import LANGUAGES

AT = date(2026, 11, 21)
GONE = object()


def handed_in(changes: Mapping[str, Any], base: Mapping[str, Any] = SWEDISH_COMPANY) -> Any:
    body = copy.deepcopy(dict(base))
    for pointer, value in changes.items():
        *steps, last = pointer.strip("/").split("/")
        place: Any = body["invoice"]
        for step in steps:
            place = place[int(step)] if step.isdigit() else place[step]
        key: Any = int(last) if last.isdigit() else last
        if value is GONE:
            del place[key]
        else:
            place[key] = value
    original = File("document.json", JSON, json.dumps(body).encode())
    return prepare(original, (), {}, at=AT)


def told(changes: Mapping[str, Any], base: Mapping[str, Any] = SWEDISH_COMPANY) -> dict[str, str]:
    outcome = handed_in(changes, base)
    assert isinstance(outcome, Prepared), outcome.findings
    return {each.where: f"{each.term} {each.value}" for each in outcome.added.told}


@pytest.mark.parametrize(
    ("changes", "where", "filled_in"),
    [
        ({}, "type_code", "BT-3 380"),
        ({"/lines/0/id": GONE}, "lines/0/id", "BT-126 1"),
        ({"/payments/0/means": GONE}, "payments/0/means", "BT-81 30"),
        ({"/lines/0/item/vat": {"rate": 12}}, "lines/0/item/vat/category", "BT-151 S"),
        ({"/seller/endpoint": GONE}, "seller/endpoint", "BT-34 0007:5560000019"),
        ({"/buyer/endpoint": GONE}, "buyer/endpoint", "BT-49 0007:5591234561"),
        ({"/buyer/legal_id/scheme": GONE}, "buyer/legal_id/scheme", "BT-47-1 0007"),
        ({"/lines/0/price/gross": "50"}, "lines/0/price/discount", "BT-147 1.50"),
        ({"/lines/0/price/discount": "1.50"}, "lines/0/price/gross", "BT-148 50.00"),
        (
            {"/lines/0/allowances": [{"percent": "10", "reason": "R"}]},
            "lines/0/allowances/0/base",
            "BT-137 485.00",
        ),
        (
            {"/lines/0/charges": [{"percent": "10", "reason": "R"}]},
            "lines/0/charges/0/amount",
            "BT-141 48.50",
        ),
    ],
)
def test_it_is_filled_in(changes: Mapping[str, Any], where: str, filled_in: str) -> None:
    assert told(changes)[f"/invoice/{where}"] == filled_in


def test_a_norwegian_number_is_an_address_too() -> None:
    changes = {"/seller/endpoint": GONE, "/seller/legal_id/scheme": GONE}
    found = told(changes, NORWEGIAN_CONSUMER)
    assert found["/invoice/seller/endpoint"] == "BT-34 0192:918130047"
    assert found["/invoice/seller/legal_id/scheme"] == "BT-30-1 0192"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"/payments": GONE}, "payments"),
        ({"/due_date": GONE, "/payment_terms": "30 dagar"}, "due_date"),
        ({"/seller/contact": GONE}, "seller/contact"),
        ({"/buyer/legal_id": {"value": "HRB 1234"}}, "buyer/legal_id/scheme"),
    ],
)
def test_nothing_is_invented(changes: Mapping[str, Any], where: str) -> None:
    assert not any(each.startswith(f"/invoice/{where}") for each in told(changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"/payments/0": {"reference": "20261004"}},  # no account, card or mandate says how
        {"/lines/0/item/vat": {"rate": 0}},  # seven categories have that rate
        {"/lines/0/item/vat": {}},
        {"/allowances": [{"percent": "5", "reason": "R", "vat": {"rate": 25}}]},  # of which lines?
    ],
)
def test_what_could_be_two_things_is_refused(changes: Mapping[str, Any]) -> None:
    assert isinstance(handed_in(changes), Rejected)


def test_a_wrong_number_is_found_wrong_and_no_address_is_missed() -> None:
    changes = {"/buyer/endpoint": GONE, "/buyer/legal_id/value": "5591234565"}
    (finding,) = handed_in(changes).findings
    assert (finding.rule, finding.where) == ("PEPPOL-COMMON-R049", "/invoice/buyer/legal_id")


def test_lines_are_numbered_around_the_numbers_that_are_stated() -> None:
    lines = tuple(replace(line("1", "10"), id=stated) for stated in ("", "1", "", "5", ""))
    assert [each.id for each in derive(invoice(*lines)).lines] == ["6", "1", "3", "5", "10"]


def test_no_vat_is_none_in_any_currency() -> None:
    abroad = invoice(line("1", "10", replace(line("1", "1").item.vat, category="G", rate=None)))
    done = complete(replace(abroad, vat_currency="NOK"))
    assert done.totals is not None and done.totals.vat_in_vat_currency == 0
    taxed = complete(replace(invoice(line("1", "10")), vat_currency="NOK"))
    assert taxed.totals is not None and taxed.totals.vat_in_vat_currency is None


def test_of_many_the_first_are_told_and_those_of_lines_last() -> None:
    stated = invoice(*(line("1", "10") for _ in range(MOST + 100)))
    whole = complete(derive(stated))
    found = additions(stated, whole, "en")
    assert len(found.told) == MOST
    assert len(found.told) + found.left_out == len(list(filled(stated, whole)))
    assert "/invoice/totals/due" in {each.where for each in found.told}


def blanked(stated: Invoice) -> Invoice:
    """As JSON hands it over that leaves out all that may be left out."""
    return replace(
        stated,
        type_code="",
        totals=None,
        vat_breakdown=(),
        lines=tuple(replace(each, id="", net_amount=None) for each in stated.lines),
        payments=tuple(replace(each, means="") for each in stated.payments),
    )


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(invoices())
def test_every_difference_is_told_and_what_is_stated_stays(stated: Invoice) -> None:
    stated = blanked(stated)
    whole = complete(derive(stated))
    for language in LANGUAGES:
        found = additions(stated, whole, language)
        assert all(each.why and each.name for each in found.told)
    assert list(filled(whole, whole)) == []
    places = {each.where for each in filled(stated, whole)}
    assert len(places) == len(list(filled(stated, whole)))
    assert complete(derive(whole)) == whole  # nothing is left to fill in
    assert whole.number == stated.number and whole.notes == stated.notes


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_are_told_in_every_language(language: str) -> None:
    assert _reasons(language).keys() == _reasons("en").keys()
