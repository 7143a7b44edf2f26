"""What MPS may write, and what is made of it: terms, invoices, faults, messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.terms import faults as faults_of
from tests.contracts.case import envelope
from tests.contracts.channel_efaktura_no import CONSUMER, TERMS, norwegian
from transports.base import Account, AccountKind
from transports.efaktura_no import faults, terms
from transports.efaktura_no.faults import FAULTS, Kind
from transports.efaktura_no.invoice import consignments, unfit
from transports.efaktura_no.wire import consumers, invoices, issuers, operations, soap
from transports.efaktura_no.wire.operations import Operation, Service
from transports.efaktura_no.wire.soap import Fault, Malformed, Part

SAMPLE = norwegian(envelope(CONSUMER, "", ""))
READ = terms.read(TERMS)

# --- terms ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ()),
        ({"kid_length": None}, ()),
        ({"account": "1503.83.66383"}, ()),
        ({"account": None}, ("`account` is missing",)),
        ({"account": 15038366383}, ("`account` is no Norwegian account",)),
        ({"account": "15038366384"}, ("`account` is no Norwegian account",)),
        ({"kid_algorithm": "mod12"}, ("`kid_algorithm`",)),
        ({"kid_algorithm": ["mod10"]}, ("`kid_algorithm`",)),
        ({"kid_length": 1}, ("`kid_length`",)),
        ({"kid_length": 26}, ("`kid_length`",)),
        ({"kid_length": True}, ("`kid_length`",)),
        ({"kid_length": "12"}, ("`kid_length`",)),
        ({"reference_position": "5-1"}, ("`reference_position`",)),
        ({"reference_position": 15}, ("`reference_position`",)),
        (
            {"reference_position": "8-12"},
            ("`reference_position` is no part of the KID: the reference lies before",),
        ),
        ({"reference_position": "KID[8-11]"}, ()),
        ({"signer_name": " "}, ("`signer_name`",)),
        ({"signer_email": "a@b"}, ("`signer_email`",)),
        ({"signer_email": 7, "signer_name": 7}, ("`signer_name`", "`signer_email`")),
        ({"accuont": "1"}, ("`accuont` is not known",)),
    ],
)
def test_all_that_is_wrong_with_terms_is_told(
    changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    given_terms = {**TERMS, **changes}
    found = terms.wrong(given_terms)
    assert len(found) == len(words)
    for word, sentence in zip(words, found, strict=True):
        assert word in sentence
    if words:
        with pytest.raises(terms.BadTerms) as raised:
            terms.read(given_terms)
        assert raised.value.faults == found
    else:
        assert terms.read(given_terms).account == "15038366383"


def test_each_fault_begins_with_the_term_it_is_in() -> None:
    bad = {**dict.fromkeys(terms.FIELDS, 7), "accuont": 7, "kid_length": 99}
    places = [place for place, _ in faults_of(terms.wrong, bad)]
    assert sorted(places) == sorted((name,) for name in bad)


@given(st.dictionaries(st.sampled_from(list(terms.FIELDS)), st.none() | st.text() | st.integers()))
def test_any_terms_are_read_or_told_what_is_wrong(any_terms: dict[str, Any]) -> None:
    if terms.wrong(any_terms):
        with pytest.raises(terms.BadTerms):
            terms.read(any_terms)
    else:
        terms.read(any_terms)


# --- invoices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accounts", "fits"),
    [
        ((), True),
        ((Account(AccountKind.NORWEGIAN, "15038366383"),), True),
        ((Account(AccountKind.IBAN, "NO9315038366383"),), True),
        ((Account(AccountKind.BANKGIRO, "50501055"),), False),
        ((Account(AccountKind.NORWEGIAN, "86011117947"),), False),
        (
            (
                Account(AccountKind.IBAN, "SE4550000000058398257466"),
                Account(AccountKind.NORWEGIAN, "15038366383"),
            ),
            True,
        ),
    ],
)
def test_it_is_paid_to_the_account_of_the_terms(accounts: tuple[Account, ...], fits: bool) -> None:
    summary = replace(SAMPLE.summary, accounts=accounts)
    found = unfit(SAMPLE.sender, summary, READ)
    assert (found is None) == fits
    if found is not None:
        assert found.code == "efaktura_no.other_account"


def test_a_credit_note_needs_neither_kid_nor_due_date() -> None:
    bare = replace(SAMPLE.summary, payment_reference=None, due_date=None)
    assert unfit(SAMPLE.sender, replace(bare, credit_note=True), READ) is None
    assert unfit(SAMPLE.sender, bare, READ) is not None


@pytest.mark.parametrize(
    ("kid", "fits"), [("6-", True), ("60", False), ("-6", False), ("6", False)]
)
def test_a_kid_by_mod11_may_end_with_a_dash(kid: str, fits: bool) -> None:
    changes = {"kid_algorithm": "mod11", "kid_length": 2, "reference_position": None}
    eleven = terms.read({**TERMS, **changes})
    found = unfit(SAMPLE.sender, replace(SAMPLE.summary, payment_reference=kid), eleven)
    assert (found is None) == fits


def test_a_key_has_the_same_numbers_every_time_and_they_are_numbers_of_mps() -> None:
    for n in range(2000):
        key = uuid5(UUID(int=0), str(n))
        numbers = consignments(key)
        assert numbers == consignments(key)
        assert len(set(numbers)) == 3
        assert all(len(number) == 11 and number.isdigit() for number in numbers)
        assert all(number[0] != "0" for number in numbers)


def test_keys_spread_over_all_numbers() -> None:
    firsts = [consignments(uuid5(UUID(int=0), str(n)))[0] for n in range(9000)]
    assert len(set(firsts)) == len(firsts)
    for digit in "123456789":
        assert 700 < sum(number[0] == digit for number in firsts) < 1300


# --- faults -----------------------------------------------------------------------------------


def test_the_same_number_means_another_thing_to_another_service() -> None:
    cancelled = faults.meaning(Service.SUBMITTER, Fault("5006", "", ours=True))
    account = faults.meaning(Service.ERP, Fault("5006", "", ours=True))
    assert (cancelled.kind, account.kind) == (Kind.DONE, Kind.REFUSED)
    rule = faults.meaning(Service.ERP, Fault("5008", "", ours=True))
    barred = faults.meaning(Service.MPS, Fault("5008", "", ours=True))
    assert (rule.kind, barred.kind) == (Kind.DONE, Kind.NO_ISSUER)


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize(("ours", "kind"), [(True, Kind.REFUSED), (False, Kind.FAILED)])
def test_a_number_that_is_not_known_is_judged_by_whose_fault_it_is(
    service: Service, ours: bool, kind: Kind
) -> None:
    for code in ("", "1", "999999"):
        assert faults.meaning(service, Fault(code, "", ours=ours)).kind is kind


def test_each_meaning_is_told_in_a_sentence() -> None:
    for meaning in FAULTS.values():
        assert meaning.text.endswith(".")
        assert meaning.code.startswith("efaktura_no.")


# --- messages ---------------------------------------------------------------------------------

READERS = (
    consumers.search,
    consumers.consumers,
    consumers.read_consumer_asked,
    invoices.invoice,
    invoices.read_invoice_status,
    invoices.read_consignment_status,
    invoices.consignment_of,
    issuers.issuer,
    issuers.read_issuer_status,
    operations.message_of,
)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        soap.read(content)


@given(st.recursive(
    st.text(max_size=20),
    lambda inner: st.dictionaries(
        st.sampled_from(
            ["consumer", "invoice", "efakturaIdentifier", "acceptance", "amount", "dueDate",
             "auditInformation", "messageIdentifier", "consignmentId", "status", "pdf"]
        ),
        inner | st.lists(st.dictionaries(st.just("invoiceNumber"), inner), max_size=2),
        max_size=4,
    ),
    max_leaves=12,
))  # fmt: skip
def test_every_reader_reads_or_refuses(fields: Any) -> None:
    body = soap.read(soap.write("any", fields if isinstance(fields, dict) else {"x": fields}))
    assert isinstance(body, Part)
    for reader in READERS:
        try:
            reader(body)
        except Malformed:
            continue


@given(st.text(max_size=100))
def test_any_text_comes_through_or_is_marked(text: str) -> None:
    body = soap.read(soap.write("any", {"x": text}))
    assert isinstance(body, Part)
    said = body.optional("x", 400)
    assert said is None or "\x00" not in said


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a/>",
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>',
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><a/></s:Body>'
        b"</s:Envelope>",
        soap.write("any", {}).replace(b"<soap:Body>", b"<soap:Body><x/>"),
        soap.write("any", {}).replace(b"urn:budkavle", b"urn:other"),
        soap.write("any", {}).decode().encode("utf-16"),
        b"<a>" * 5000,
    ],
)
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        soap.read(content)


def body(operation: str, **fields: Any) -> Part:
    read = soap.read(soap.write(operation, fields))
    assert isinstance(read, Part)
    return read


def test_two_of_what_there_is_one_of_are_refused() -> None:
    twice = body("any", consignmentId=[{}, {}])
    with pytest.raises(Malformed, match="more than one"):
        invoices.consignment_of(twice)


def test_too_many_consumers_and_one_twice_are_refused() -> None:
    def one(n: int) -> dict[str, Any]:
        return {"efakturaIdentifier": f"id-{n}", "acceptance": "NONE"}

    assert len(consumers.consumers(body("any", consumer=[one(n) for n in range(100)]))) == 100
    for many in ([one(n) for n in range(101)], [one(1), one(1)]):
        with pytest.raises(Malformed):
            consumers.consumers(body("any", consumer=many))


def test_a_personal_number_in_a_partner_s_words_is_masked() -> None:
    for number in ("01032300371", "010323 00371", "010323-00371"):
        told = soap.read(soap.write_fault(Fault("", f"{number} is not known.", ours=True)))
        assert isinstance(told, Fault)
        assert told.text == "[number] is not known."
        status = {"invoiceNumber": "1", "consignmentId": "2", "status": "REJECTED"}
        read = invoices.read_invoice_status(body("any", **status, reason=f"{number} moved"))
        assert read.reason == "[number] moved"


@pytest.mark.parametrize("operation", Operation)
def test_each_operation_has_its_answer(operation: Operation) -> None:
    assert operations.answers(operation) == f"{operation}Response"


@pytest.mark.parametrize("message", ["1234", "x" * 51])
def test_a_message_identifier_has_5_to_50_characters(message: str) -> None:
    asked = soap.read(consumers.ask_consumer(message, "918130047", "1"))
    assert isinstance(asked, Part)
    with pytest.raises(Malformed):
        operations.message_of(asked)
