from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    BILLING_PROCESS,
    DocumentType,
    Kind,
    Participant,
    Process,
    check,
    is_sole_trader,
    kid,
    make_kid,
    make_ocr,
    mod11_check_digit,
    normal,
    ocr,
)

RIGHT = [
    (Kind.SE_ORGNR, "5560169095"),
    (Kind.SE_ORGNR, "556840-2266"),
    (Kind.SE_VAT, "SE556840226601"),
    (Kind.SE_PERSONNUMMER, "196505030004"),
    (Kind.SE_PERSONNUMMER, "6505030004"),
    (Kind.SE_PERSONNUMMER, "197701032380"),
    (Kind.SE_PERSONNUMMER, "650503+0004"),
    (Kind.SE_SAMORDNINGSNUMMER, "701063-2391"),
    (Kind.SE_SAMORDNINGSNUMMER, "197010632391"),
    (Kind.SE_BANKGIRO, "50501055"),
    (Kind.SE_BANKGIRO, "5050-1055"),
    (Kind.SE_PLUSGIRO, "18"),
    (Kind.SE_OCR, "426523791"),
    (Kind.SE_OCR, "7000023711438"),
    (Kind.SE_OCR, "3010001109"),
    (Kind.SE_OCR, "123456782"),
    (Kind.NO_ORGNR, "918130047"),
    (Kind.NO_ORGNR, "988 077 917"),
    (Kind.NO_VAT, "NO918130047MVA"),
    (Kind.NO_ACCOUNT, "15038366383"),
    (Kind.NO_ACCOUNT, "8601.11.17947"),
    (Kind.NO_FODSELSNUMMER, "01032300371"),
    (Kind.NO_FODSELSNUMMER, "151086 95088"),
    (Kind.NO_KID, "100011001235"),
    (Kind.NO_KID, "000133700501645"),
    (Kind.NO_KID, "123456785"),
    (Kind.GLN, "5798000000001"),
    (Kind.IBAN, "NO93 8601 1117 947"),
]

WRONG = [
    (Kind.SE_ORGNR, "5565624223"),
    (Kind.SE_ORGNR, "1234121234"),
    (Kind.SE_ORGNR, ""),
    (Kind.SE_ORGNR, "5560169095\n"),
    (Kind.SE_ORGNR, "５５６０１６９０９５"),
    (Kind.SE_VAT, "556840226601"),
    (Kind.SE_VAT, "SE556840226602"),
    (Kind.SE_VAT, "SESE556840226601"),
    (Kind.SE_PERSONNUMMER, "196513030004"),
    (Kind.SE_PERSONNUMMER, "196505030005"),
    (Kind.SE_PERSONNUMMER, "701063-2391"),
    (Kind.SE_SAMORDNINGSNUMMER, "701063-2392"),
    (Kind.SE_SAMORDNINGSNUMMER, "6505030004"),
    (Kind.SE_BANKGIRO, "87654321"),
    (Kind.SE_BANKGIRO, "505010"),
    (Kind.SE_PLUSGIRO, "1"),
    (Kind.SE_OCR, "426523792"),
    (Kind.SE_OCR, "0" * 26),
    (Kind.NO_ORGNR, "918130048"),
    (Kind.NO_ORGNR, "91813004"),
    (Kind.NO_VAT, "918130047MVA"),
    (Kind.NO_VAT, "NO918130047"),
    (Kind.NO_ACCOUNT, "15038366384"),
    (Kind.NO_ACCOUNT, "4090403"),
    (Kind.NO_FODSELSNUMMER, "15108695077"),
    (Kind.NO_FODSELSNUMMER, "41900000000"),
    (Kind.NO_KID, "100011001236"),
    (Kind.NO_KID, "-"),
    (Kind.GLN, "5798000000002"),
    (Kind.GLN, "73513537"),
    (Kind.IBAN, "NO93 8601 1117 948"),
]

payloads = st.text("0123456789", min_size=1, max_size=23)


@pytest.mark.parametrize(("kind", "value"), RIGHT)
def test_right_numbers_pass(kind: Kind, value: str) -> None:
    assert check(kind, value)


@pytest.mark.parametrize(("kind", "value"), WRONG)
def test_wrong_numbers_fail(kind: Kind, value: str) -> None:
    assert not check(kind, value)


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_a_right_and_a_wrong_example(kind: Kind) -> None:
    assert kind in dict(RIGHT)
    assert kind in dict(WRONG)


@given(st.sampled_from(Kind), st.text(max_size=30))
def test_any_text_gets_a_verdict(kind: Kind, text: str) -> None:
    assert check(kind, text) in (True, False)


@pytest.mark.parametrize(("kind", "value"), RIGHT)
def test_normal_is_stable(kind: Kind, value: str) -> None:
    assert normal(kind, normal(kind, value)) == normal(kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.SE_ORGNR, "556840-2266", "5568402266"),
        (Kind.SE_VAT, "se 556840-2266 01", "SE556840226601"),
        (Kind.SE_PERSONNUMMER, "19650503-0004", "196505030004"),
        (Kind.SE_PERSONNUMMER, "650503+0004", "650503+0004"),
        (Kind.NO_VAT, "NO 918 130 047 MVA", "NO918130047MVA"),
        (Kind.NO_ACCOUNT, "8601.11.17947", "86011117947"),
        (Kind.IBAN, "NO93 8601 1117 947", "NO9386011117947"),
    ],
)
def test_normal_drops_separators(kind: Kind, value: str, expected: str) -> None:
    assert normal(kind, value) == expected


def with_norwegian_check_digits(nine: str) -> str:
    weights1, weights2 = (3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    first = -sum(w * int(d) for w, d in zip(weights1, nine, strict=True)) % 11
    ten = f"{nine}{first}"
    return f"{ten}{-sum(w * int(d) for w, d in zip(weights2, ten, strict=True)) % 11}"


@pytest.mark.parametrize(
    ("nine", "name"),
    [("550586123", "D"), ("154586123", "H"), ("850000012", "FH")],
)
def test_other_norwegian_personal_numbers(nine: str, name: str) -> None:
    number = with_norwegian_check_digits(nine)
    assert check(Kind.NO_FODSELSNUMMER, number), name
    assert not check(Kind.NO_FODSELSNUMMER, number[:-1] + str((int(number[-1]) + 1) % 10))


def test_error_texts_do_not_repeat_the_number() -> None:
    for kind, value in WRONG:
        if len(value) > 4:
            with pytest.raises(ValueError) as raised:
                normal(kind, value)
            assert value not in str(raised.value)
            assert str(raised.value)


@given(payloads, st.data())
def test_mod10_catches_any_changed_digit(payload: str, data: st.DataObject) -> None:
    reference = make_ocr(payload)
    place = data.draw(st.integers(0, len(reference) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda d: d != reference[place]))
    assert check(Kind.SE_OCR, reference)
    assert not check(Kind.SE_OCR, reference[:place] + other + reference[place + 1 :])


@given(payloads, st.data())
def test_mod11_catches_any_changed_digit(payload: str, data: st.DataObject) -> None:
    reference = make_kid(payload, "mod11")
    place = data.draw(st.integers(0, len(payload) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda d: d != reference[place]))
    with pytest.raises(ValueError):
        kid(reference[:place] + other + reference[place + 1 :], "mod11")


@given(payloads)
def test_ocr_with_length_digit(payload: str) -> None:
    reference = make_ocr(payload, length_digit=True)
    assert int(reference[-2]) == len(reference) % 10
    assert ocr(reference, length_digit=True) == reference


def test_worked_examples_of_check_digits() -> None:
    assert make_ocr("12345678") == "123456782"
    assert make_ocr("1234567", length_digit=True) == "123456790"
    assert make_ocr("12345678901", length_digit=True)[-2] == "3"
    assert mod11_check_digit("12345678") == "5"
    assert make_kid("10001100123", "mod10") == "100011001235"


def test_kid_with_mod11_may_end_in_a_hyphen() -> None:
    payload = next(str(n) for n in range(10, 100) if mod11_check_digit(str(n)) == "-")
    assert kid(payload + "-", "mod11") == payload + "-"
    assert check(Kind.NO_KID, payload + "-")
    with pytest.raises(ValueError):
        kid(payload + "-", "mod10")


def test_wrong_length_digit() -> None:
    with pytest.raises(ValueError, match="length"):
        ocr("123456782", length_digit=True)


def test_sole_trader_has_a_personal_number_as_orgnr() -> None:
    assert is_sole_trader("650503-0004")
    assert not is_sole_trader("5560169095")


@pytest.mark.parametrize("text", ["0192:918130047", "iso6523-actorid-upis::0192:918130047"])
def test_participant_is_read_and_written(text: str) -> None:
    participant = Participant.parse(text)
    assert (participant.scheme, participant.value) == ("0192", "918130047")
    assert str(participant) == "0192:918130047"
    assert participant.uri == "iso6523-actorid-upis::0192:918130047"


def test_participants_compare_without_case() -> None:
    one, other = Participant("0088", "123abc"), Participant("0088", "123ABC")
    assert one == other
    assert len({one, other}) == 1
    assert str(other) == "0088:123ABC"
    assert one != Participant("0192", "123abc")
    assert one != "0088:123abc"


@pytest.mark.parametrize(
    "text", ["", "918130047", "192:918130047", "0192:", "0192:9 1", "0192:å", "0192:" + "1" * 131]
)
def test_participant_that_cannot_be(text: str) -> None:
    with pytest.raises(ValueError, match="participant"):
        Participant.parse(text)


def test_billing_document_types() -> None:
    assert str(BILLING_INVOICE) == (
        "busdox-docid-qns::urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##"
        "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
    )
    assert BILLING_CREDIT_NOTE.root == "CreditNote"
    assert BILLING_CREDIT_NOTE.namespace.endswith(":xsd:CreditNote-2")
    assert BILLING_CREDIT_NOTE.customization.endswith(":poacc:billing:3.0")
    assert str(BILLING_PROCESS) == "cenbii-procid-ubl::urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"


def test_document_type_and_process_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="document type"):
        DocumentType("urn:x::Invoice")
    with pytest.raises(ValueError, match="process"):
        Process("two words")
