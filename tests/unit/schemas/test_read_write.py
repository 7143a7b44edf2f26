"""Reading and writing are two directions of one table: what goes in comes out."""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from schemas.invoice import (
    Attachment,
    Identifier,
    Invoice,
    Note,
    Payment,
    Totals,
)
from schemas.ubl.read import Unreadable, read
from schemas.ubl.structure import ROOTS, schema
from schemas.ubl.terms import TREES, Pointers, path_of, term_of
from schemas.ubl.write import write

RULES = Path(__file__).parents[4] / "shared/rules"


# --- an invoice with every field stated ----------------------------------------------------------


def everything(type_code: str) -> Invoice:
    """Every field has a value of its own, so that no two can be mixed up unseen."""
    numbers = count(1)

    def value(kind: Any, name: str) -> Any:
        number = next(numbers)
        if kind is str:
            return f"{name} {number}"
        if kind is Decimal:
            return Decimal(number) + Decimal("0.25")
        if kind is datetime.date:
            return datetime.date(2026, 1, 1) + datetime.timedelta(number)
        if kind is bytes:
            return f"{name} {number}".encode()
        if kind is Identifier:
            version = f"version {number}" if name == "classifications" else None
            return Identifier(f"{name} {number}", f"scheme {number}", version)
        if kind is Note:
            return Note(f"{name} {number}", "AAI" if number % 2 else None)
        return kind(**{f: field(hint, f) for f, hint in get_type_hints(kind).items()})

    def field(hint: Any, name: str) -> Any:
        kinds = [arg for arg in get_args(hint) if arg not in (NoneType, Ellipsis)] or [hint]
        if get_origin(hint) is tuple:
            return (value(kinds[0], name), value(kinds[0], name))
        return value(kinds[0], name)

    invoice: Invoice = value(Invoice, "")
    payments = tuple(
        replace(
            payment, direct_debit=replace(payment.direct_debit, creditor_id="DE98ZZZ09999999999")
        )
        for payment in invoice.payments
        if payment.direct_debit
    )
    return replace(invoice, type_code=type_code, payments=payments)


@pytest.mark.parametrize("type_code", ["380", "381"])
def test_an_invoice_with_every_field(type_code: str) -> None:
    invoice = everything(type_code)
    root = etree.fromstring(write(invoice))
    assert etree.QName(root).localname == ("Invoice" if type_code == "380" else "CreditNote")
    assert schema(etree.QName(root).localname).validate(root)
    assert read(root) == invoice


@pytest.mark.parametrize("type_code", ["380", "381"])
def test_every_value_is_found_by_its_pointer(type_code: str) -> None:
    check_pointers(etree.fromstring(write(everything(type_code))))


# --- any invoice ---------------------------------------------------------------------------------

TEXT = (
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
    .filter(lambda text: text == text.strip() and text.isprintable())
    .filter(lambda text: "\ufffe" not in text and "\uffff" not in text)
    .filter(lambda text: text != "NA" and not text.startswith("#"))
)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    Decimal: st.decimals(-(10**9), 10**9, places=3, allow_nan=False),
    datetime.date: st.dates(datetime.date(1970, 1, 1), datetime.date(2100, 1, 1)),
    bytes: st.binary(max_size=20),
    Identifier: st.builds(Identifier, TEXT, st.none() | st.sampled_from(["0007", "0192"])),
    Note: st.builds(Note, TEXT, st.none() | st.sampled_from(["AAI", "SUR"])),
}


@st.composite
def models(draw: st.DrawFn, kind: type) -> Any:
    values = {}
    for item, hint in get_type_hints(kind).items():
        kinds = [arg for arg in get_args(hint) if arg not in (NoneType, Ellipsis)] or [hint]
        one = LEAVES[kinds[0]] if kinds[0] in LEAVES else models(kinds[0])
        if get_origin(hint) is tuple:
            values[item] = tuple(draw(st.lists(one, min_size=item == "lines", max_size=2)))
        elif NoneType in get_args(hint):
            values[item] = draw(st.none() | one)
        else:
            values[item] = draw(one)
    made = kind(**values)
    # A group in which nothing is stated is the same as none, in UBL.
    return None if made == empty(kind) else made


def empty(kind: type) -> Any:
    required = [f for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]
    return object() if required else kind()


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    invoice: Invoice = draw(models(Invoice))
    payments = tuple(
        # UBL tells payments apart by what they say, and has one creditor in the whole document.
        replace(payment, reference=str(number), direct_debit=None)
        for number, payment in enumerate(invoice.payments)
    )
    totals = invoice.totals or Totals()
    if invoice.vat_currency is None:  # told by its currency alone
        totals = replace(totals, vat_in_vat_currency=None)
    return replace(
        invoice,
        type_code=draw(st.sampled_from(["380", "381"])),
        currency="SEK",
        vat_currency=invoice.vat_currency and "NOK",
        payments=payments or (Payment("30"),),
        totals=None if totals == Totals() else totals,
    )


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(invoices())
def test_any_invoice(invoice: Invoice) -> None:
    assert read(etree.fromstring(write(invoice))) == invoice


# --- official documents --------------------------------------------------------------------------

official = pytest.mark.skipif(
    not RULES.exists(), reason="the official documents are not beside this checkout"
)


def documents(*, clean: bool) -> Iterator[tuple[str, etree._Element]]:
    """Every document that is valid by the XSD; the clean ones break no fatal rule either."""
    for line in (RULES / "verdicts.jsonl").read_text("utf-8").splitlines():
        verdict = json.loads(line)
        if verdict["kind"] not in ("invoice", "creditnote") or not verdict["xsd_ok"]:
            continue
        fatal = any(flag == "fatal" for flag, _ in verdict["fired"].values())
        if not (clean and (fatal or "engine_error" in verdict)):
            content = (RULES / verdict["file"]).read_bytes()
            gzipped = verdict["file"].endswith(".gz")
            yield (
                verdict["file"],
                etree.fromstring(gzip.decompress(content) if gzipped else content),
            )
    for file in sorted((RULES / "bases").glob("*.xml")):
        root = etree.parse(file).getroot()
        if etree.QName(root).namespace in ROOTS.values() and etree.QName(root).localname in TREES:
            yield file.name, root


def xsd(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(RULES / f"artefacts/ubl-2.1-xsd/maindoc/UBL-{name}-2.1.xsd"))


def leaves(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Path and value of every element and attribute that carries a term."""
    for element in root.iter("{*}*"):
        path = path_of(element)
        text = (element.text or "").strip()
        if len(element) == 0 and text and term_of(path):
            yield path, text
        for name, value in element.items():
            if term_of(f"{path}/@{name}"):
                yield f"{path}/@{name}", value.strip()


def lost(root: etree._Element, rewritten: etree._Element) -> list[tuple[str, str]]:
    before, after = places(root), places(rewritten)
    return [place for place, value in before.items() if not same(after.get(place), value)]


def places(root: etree._Element) -> dict[Any, str]:
    """Values by their path, counted among its like: we write allowances before charges."""
    pointers = Pointers(root)
    return {
        (re.sub(r"\[\d+\]", "", path), pointers.at(path)): value for path, value in leaves(root)
    }


def same(after: str | None, before: str) -> bool:
    if after is None:
        return False
    if after == before:
        return True
    try:
        return Decimal(after) == Decimal(before)  # "+1.50" and "1.5" are one number
    except ArithmeticError:
        return "".join(after.split()) == "".join(before.split())  # white space in base64


@official
def test_nothing_of_an_official_document_is_lost() -> None:
    schemas = {name: xsd(name) for name in TREES}
    read_back = 0
    for file, root in documents(clean=True):
        invoice = read(root)
        rewritten = etree.fromstring(write(invoice))
        schemas[etree.QName(root).localname].assertValid(rewritten)
        assert read(rewritten) == invoice, file
        assert lost(root, rewritten) == [], file
        read_back += 1
    assert read_back > 160


@official
def test_pointers_in_official_documents_lead_to_the_value() -> None:
    for _, root in documents(clean=True):
        check_pointers(root)


@official
def test_a_document_that_breaks_rules_is_read_or_told_unreadable() -> None:
    seen: Counter[str] = Counter()
    for file, root in documents(clean=False):
        try:
            invoice = read(root)
        except Unreadable as error:
            assert error.path.startswith(etree.QName(root).localname), file
            assert error.reason, file
            seen["unreadable"] += 1
        else:
            assert read(etree.fromstring(write(invoice))) is not None, file
            seen["read"] += 1
    assert seen["read"] > 1000, seen


def check_pointers(root: etree._Element) -> None:
    invoice, pointers = read(root), Pointers(root)
    for path, value in leaves(root):
        pointer = pointers.at(path)
        assert pointer is not None
        if pointer == "/payments" or value == "NA":
            continue  # the creditor id has no place of its own; "NA" says that nothing is stated
        found: Any = invoice
        for step in pointer.strip("/").split("/"):
            found = found[int(step)] if step.isdigit() else getattr(found, step)
        assert stands_for(found, value), (path, pointer, value, found)


def stands_for(found: Any, value: str) -> bool:
    match found:
        case Identifier():
            return value in (found.value, found.scheme, found.scheme_version)
        case Note():
            return value in (found.text, f"#{found.subject}#{found.text}")
        case Attachment():
            return bool(value)
        case Decimal():
            return found == Decimal(value)
    return str(found) == value
