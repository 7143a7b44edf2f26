"""AvtaleGiro's files byte for byte, there and back, beside another library's reading of them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import netsgiro
import netsgiro.records
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transports.avtalegiro import lettering
from transports.avtalegiro.files import (
    CENTRAL,
    Agreement,
    Agreements,
    Cancellation,
    Cancellations,
    Claim,
    Claims,
    Payment,
    Payments,
    Registration,
    Transmission,
)
from transports.avtalegiro.reading import read
from transports.avtalegiro.records import Malformed
from transports.avtalegiro.writing import write

ACCOUNT = "15038366383"

# --- golden bytes -------------------------------------------------------------------------------

CLAIMS = Transmission(
    "55555555",
    "1000081",
    CENTRAL,
    (
        Claims(
            "4000086",
            ACCOUNT,
            (
                Claim(
                    date(2026, 12, 17),
                    1234550,
                    "100011001235",
                    short_name="Åse Nordmann",
                    reference="Faktura 1001",
                    specification=(
                        "Faktura 1001 fra Åkeri & Söner AB",
                        "",
                        "Forfall 17.12.2026".rjust(60),
                    ),
                ),
                Claim(date(2027, 1, 4), 100, "1234567-", "Kari", notified=False),
            ),
        ),
        Cancellations("4000087", ACCOUNT, (Cancellation(date(2026, 12, 20), 5, "123456785"),)),
    ),
)
CLAIMS_BYTES = (
    "NY000010555555551000081000080800000000000000000000000000000000000000000000000000\r\n"
    "NY210020000000000400008615038366383000000000000000000000000000000000000000000000\r\n"
    "NY2121300000001171226           00000000001234550             100011001235000000\r\n"
    "NY2121310000001Åse Nordma                         Faktura 1001             00000\r\n"
    "NY212149000000140011Faktura 1001 fra Åkeri & Söner AB       00000000000000000000\r\n"
    "NY212149000000140032  Forfall 17.12.2026                    00000000000000000000\r\n"
    "NY2102300000002040127           00000000000000100                 1234567-000000\r\n"
    "NY2102310000002Kari                                                        00000\r\n"
    "NY210088000000020000000800000000001234650171226040127000000000000000000000000000\r\n"
    "NY213620000000000400008715038366383000000000000000000000000000000000000000000000\r\n"
    "NY2193300000001201226           00000000000000005                123456785000000\r\n"
    "NY213688000000010000000300000000000000005201226201226000000000000000000000000000\r\n"
    "NY000089000000030000001300000000001234655171226000000000000000000000000000000000\r\n"
).encode("iso-8859-1")

ANSWERS = Transmission(
    CENTRAL,
    "1091949",
    "00010200",
    (
        Agreements(
            "0000002",
            ACCOUNT,
            (
                Agreement("100010000009", Registration.NEW, notice=True),
                Agreement("100020000007", Registration.DELETED, notice=False),
            ),
        ),
        Payments(
            "0000002",
            ACCOUNT,
            (
                Payment("15", date(2026, 12, 17), 1234550, "100011001235"),
                Payment("18", date(2026, 12, 18), -50, "100011001235"),
            ),
            agreement="001008566",
            made=date(2026, 12, 19),
        ),
    ),
    made=date(2026, 12, 19),
)
ANSWERS_BYTES = (
    "NY000010000080801091949000102000000000000000000000000000000000000000000000000000\r\n"
    "NY212420000000000000000215038366383000000000000000000000000000000000000000000000\r\n"
    "NY21947000000011             100010000009J00000000000000000000000000000000000000\r\n"
    "NY21947000000022             100020000007N00000000000000000000000000000000000000\r\n"
    "NY212488000000020000000400000000000000000000000000000000000000000000000000000000\r\n"
    "NY090020001008566000000215038366383000000000000000000000000000000000000000000000\r\n"
    "NY09153000000011712260000000000000000000001234550             100011001235000000\r\n"
    "NY091531000000100000000000000000000000000171226000000000000000000000000000000000\r\n"
    "NY09183000000021812260000000000-00000000000000050             100011001235000000\r\n"
    "NY091831000000200000000000000000000000000181226000000000000000000000000000000000\r\n"
    "NY090088000000020000000600000000001234600191226171226181226000000000000000000000\r\n"
    "NY000089000000040000001200000000001234600191226000000000000000000000000000000000\r\n"
).encode("iso-8859-1")

BOTH = pytest.mark.parametrize(
    ("transmission", "content"), [(CLAIMS, CLAIMS_BYTES), (ANSWERS, ANSWERS_BYTES)]
)


@BOTH
def test_the_bytes_are_those_of_the_specification(
    transmission: Transmission, content: bytes
) -> None:
    assert write(transmission) == content


@BOTH
def test_what_is_read_is_written_again(transmission: Transmission, content: bytes) -> None:
    assert write(read(content)) == content
    assert read(content.replace(b"\r\n", b"\n")) == read(content)
    assert read(content + b"\x1a") == read(content), "an end of file of old"


@BOTH
def test_every_line_has_eighty_characters(transmission: Transmission, content: bytes) -> None:
    lines = write(transmission).decode("iso-8859-1").split("\r\n")
    assert lines.pop() == ""
    assert {len(line) for line in lines} == {80}


# --- there and back -----------------------------------------------------------------------------

few = settings(max_examples=40, deadline=None)
digits = st.text("0123456789", min_size=7, max_size=7)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
amounts = st.integers(0, 10**14 - 1)  # so that the sums fit too
texts = st.text(max_size=60).map(lettering.folded)
kids = st.text("0123456789", min_size=1, max_size=24).map(lambda text: text + "5")


def short(width: int) -> st.SearchStrategy[str]:
    return texts.map(lambda text: lettering.field(text, width).rstrip())


spec_lines = st.text(max_size=200).map(lettering.folded).map(lambda text: text[:80].rstrip())
specifications = (
    st.lists(spec_lines, max_size=5)
    .map(lambda lines: lines[: max((n for n, line in enumerate(lines, 1) if line), default=0)])
    .map(tuple)
)
silent = st.builds(Claim, days, amounts, kids, short(10), short(25), notified=st.just(False))
notified = st.builds(Claim, days, amounts, kids, short(10), short(25), specification=specifications)
cancelled = st.builds(Cancellation, days, amounts, kids)
agreed = st.builds(Agreement, kids, st.sampled_from(Registration), st.booleans())
paid = st.builds(Payment, st.just("15"), days, amounts, kids) | st.builds(
    Payment, st.just("18"), days, amounts.map(lambda amount: -amount - 1), kids
)


def several(item: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(item, min_size=1, max_size=3).map(tuple)


account = st.just(ACCOUNT)
going = st.builds(Claims, digits, account, several(silent | notified)) | st.builds(
    Cancellations, digits, account, several(cancelled)
)
coming = st.builds(Agreements, digits, account, several(agreed)) | st.builds(
    Payments, digits, account, several(paid), st.just("001008566"), days
)
there = st.builds(Transmission, st.just("55555555"), digits, st.just(CENTRAL), several(going))
back = st.builds(Transmission, st.just(CENTRAL), digits, st.just("55555555"), several(coming), days)


@few
@given(there | back)
def test_there_and_back(transmission: Transmission) -> None:
    assert read(write(transmission)) == transmission


@few
@given(there | back)
def test_another_library_reads_and_writes_the_same_lines(transmission: Transmission) -> None:
    """netsgiro (Apache-2.0) has patterns of its own for each line."""
    lines = write(transmission).decode("iso-8859-1").split("\r\n")[:-1]
    assert [one.to_ocr() for one in netsgiro.records.parse("\n".join(lines))] == lines


@few
@given(several(silent), digits, digits)
def test_another_library_makes_the_same_file(
    claims: tuple[Claim, ...], transmission: str, assignment: str
) -> None:
    theirs = netsgiro.Transmission(
        number=transmission, data_transmitter="55555555", data_recipient=CENTRAL
    )
    inner = theirs.add_assignment(
        service_code=netsgiro.ServiceCode.AVTALEGIRO,
        assignment_type=netsgiro.AssignmentType.TRANSACTIONS,
        number=assignment,
        account=ACCOUNT,
    )
    for claim in claims:
        inner.add_payment_request(
            kid=claim.kid,
            due_date=claim.due,
            amount=Decimal(claim.amount) / 100,
            reference=claim.reference or None,
            payer_name=claim.short_name or None,
            bank_notification=None,
        )
    ours = Transmission("55555555", transmission, CENTRAL, (Claims(assignment, ACCOUNT, claims),))
    assert theirs.to_ocr().split() == write(ours).decode("iso-8859-1").split()


# --- what is not in the format ------------------------------------------------------------------


def changed(line: int, first: int, text: str, content: bytes = CLAIMS_BYTES) -> bytes:
    """The file with `text` at a place of a line; both count from 1."""
    lines = content.split(b"\r\n")
    old = lines[line - 1]
    lines[line - 1] = old[: first - 1] + text.encode("iso-8859-1") + old[first - 1 + len(text) :]
    assert lines[line - 1] != old
    return b"\r\n".join(lines)


def without(line: int) -> bytes:
    lines = CLAIMS_BYTES.split(b"\r\n")
    del lines[line - 1]
    return b"\r\n".join(lines)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "ends after line 0"),
        (b"\r\n\r\n", "ends after line 0"),
        (CLAIMS_BYTES[:500], "line 7 has 8 characters"),
        (CLAIMS_BYTES[: 82 * 12], "ends after line 12"),
        (CLAIMS_BYTES + CLAIMS_BYTES, "line 14 follows"),
        (without(4), "line 4 does not begin with NY212131"),
        (without(5), "line 8: records should be 7"),
        (without(1), "line 1 does not begin with NY000010"),
        (changed(2, 3, "99"), "line 2 begins no assignment"),
        (changed(3, 5, "55"), "no transaction of type 55"),
        (changed(3, 16, "320126"), "line 3, place 16 (date)"),
        (changed(3, 16, "000000"), "line 3, place 16 (date): there is none"),
        (changed(3, 33, "x"), "line 3, place 33 (amount): 17 digits"),
        (changed(3, 49, "1"), "line 9: sum should be 1234651"),
        (changed(4, 15, "2"), "line 4 has another transaction's number"),
        (changed(5, 15, "2"), "line 5 has another transaction's number"),
        (changed(5, 17, "043"), "line 5: lines 1 to 42"),
        (changed(5, 20, "3"), "columns 1 and 2"),
        (changed(9, 16, "3"), "line 9: transactions should be 2"),
        (changed(13, 24, "9"), "line 13: records should be 13"),
        (changed(3, 16, "3", ANSWERS_BYTES), "line 3: a registration of 0, 1 or 2"),
        (changed(3, 42, "X", ANSWERS_BYTES), "a notice of J or N"),
        (b"\xff" * 80, "does not begin"),
        ("NY0000100000808".encode("utf-16"), "line 1 has"),
    ],
)
def test_a_file_that_is_not_in_the_format_is_told_by_its_line(content: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=re.escape(says)) as caught:
        read(content)
    assert "100011001235" not in str(caught.value), "no error repeats what is in the file"


def test_each_line_that_is_missing_is_noticed() -> None:
    for line in range(1, 14):
        with pytest.raises(Malformed):
            read(without(line))


@pytest.mark.parametrize(
    "claim",
    [
        Claim(date(2026, 12, 1), 10**17, "26"),
        Claim(date(2026, 12, 1), 1, "1" * 26),
        Claim(date(2026, 12, 1), 1, "26", specification=("x" * 81,)),
        Claim(date(2026, 12, 1), 1, "26", specification=("x",) * 43),
        Claim(date(2026, 12, 1), 1, "26", specification=("two\r\nlines",)),
        Claim(date(2026, 12, 1), 1, "26", specification=("Č",)),
        Claim(date(2026, 12, 1), -1, "26", specification=()),
    ],
)
def test_what_has_no_room_is_not_written(claim: Claim) -> None:
    with pytest.raises(ValueError, match=r"."):
        write(Transmission("5" * 8, "0" * 7, CENTRAL, (Claims("0" * 7, ACCOUNT, (claim,)),)))


def test_a_specification_has_up_to_forty_two_lines_in_halves() -> None:
    lines = tuple(f"{n:02} {'x' * 76}." for n in range(1, 43))
    claim = Claim(date(2026, 12, 1), 1, "26", specification=lines)
    made = Transmission("5" * 8, "0" * 7, CENTRAL, (Claims("0" * 7, ACCOUNT, (claim,)),))
    written = write(made).split(b"\r\n")
    halves = [line for line in written if line.startswith(b"NY212149")]
    assert [line[16:20] for line in halves[-2:]] == [b"0421", b"0422"]
    assert len(halves) == 84
    assert read(write(made)) == made


# --- lettering ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Åse Ærlig Ørn", "Åse Ærlig Ørn"),
        ("A\u030ase", "Åse"),
        ("Dvořák, Łukasz", "Dvorák, Lukasz"),
        ("“To” – tre…", '"To" - tre...'),
        ("100 €", "100 EUR"),
        ("Œuvre", "OEuvre"),
        ("ﬁn ½", "fin ½"),
        ("王", "?"),
        ("a\r\nb\tc\u2028d\x00e\x85f", "a b c d e f"),
        ("  a \xa0 b  ", "a b"),
        ("fak\xadtura", "faktura"),
        ("\u200eLTR", "LTR"),
        ("x\u0301\u0323", "x"),
    ],
)
def test_letters_that_the_files_do_not_have(text: str, folded: str) -> None:
    assert lettering.folded(text) == folded


@given(st.text(max_size=100))
def test_whatever_is_folded_fits_in_a_line(text: str) -> None:
    folded = lettering.folded(text)
    assert len(folded.encode("iso-8859-1")) == len(folded)
    assert not any(lettering.is_control(letter) for letter in folded)
    assert lettering.folded(folded) == folded
