"""The distributor's files, hostile ones among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.bank_se.wire.batch import lines, read_batch
from transports.bank_se.wire.elements import NAMESPACE, Malformed
from transports.bank_se.wire.incoming import read_incoming
from transports.bank_se.wire.registrations import read_answers

KEY = "8a6e0804-2bd0-5672-b79d-d97027f9071a"
FUI = "005567321707.00002222222.FSPA.SE"
FMI = "190001019801.NB.SE"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
DOCUMENT = f'<Document name="a" type="b" sha256="{EMPTY}"/>'

NOT_BASE64 = DOCUMENT.replace("/>", ">%</Document>")


def file(body: str, root: str = "InvoiceReceipts", attributes: str = 'id="C-1"') -> bytes:
    return f'<{root} xmlns="{NAMESPACE}" {attributes}>{body}</{root}>'.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"EFB0001",
        b"<InvoiceReceipts",
        b'<InvoiceReceipts id="1"/>',
        file("", "Receipts"),
        file("", attributes=""),
        file("", attributes='id="a b"'),
        file("", attributes=f'id="{"1" * 101}"'),
        file('<Invoice key="1" state="delivered"/>'),
        file(f'<Invoice key="{KEY}"/>'),
        file(f'<Invoice key="{KEY}" state="lost"/>'),
        file(f'<Invoice key="{KEY}" state="rejected"/>'),
        file(f'<Invoice key="{KEY}" state="delivered"/>' * 2),
        file(f'<x:Invoice xmlns:x="urn:x" key="{KEY}" state="delivered"/>'),
        file("<Other/>"),
        file("<!-- -->"),
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + file(""),
        file("&b;"),
        '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
        file("", "BatchReceipt", 'id="C-1" state="taken"'),
        file("", "BatchReceipt", 'id="C-1" state="taken" batch="../in/x"'),
        file("", "BatchReceipt", 'id="C-1" state="delivered" batch="b"'),
        file(f'<Registration id="1" fui="{FUI}" fmi="{FMI}"/>', "Registrations"),
        file(f'<Registration id="1" fui="{FUI}" fmi="{FMI}" at="2026-11-21"/>', "Registrations"),
        file(f'<Registration id="1" fui="x" fmi="{FMI}" at="20261121T12Z"/>', "Registrations"),
        file(f'<Registration id="1" fui="{FUI}" fmi="x" at="20261121T12Z"/>', "Registrations"),
        file(
            f'<Registration id="1" fui="{FUI}" fmi="{FMI}" at="20261121T12Z"/>' * 2, "Registrations"
        ),
        b"<a>" * 500 + b"</a>" * 500,
    ],
)
def test_what_is_not_in_the_format(content: bytes) -> None:
    with pytest.raises(Malformed) as error:
        read_incoming(content)
    assert FMI[:12] not in str(error.value)


def test_words_that_no_store_keeps_are_made_storable() -> None:
    words = "fel &#13;" + "x" * 2000
    receipt = file(f'<Invoice key="{KEY}" state="rejected" code="7" text="{words}"/>')
    (line,) = read_incoming(receipt).lines
    assert line.rejection.text.encode()
    assert len(line.rejection.text) <= 1000


@pytest.mark.parametrize(
    "body",
    [
        "",
        f'<Entry key="{KEY}" fui="{FUI}" fmi="{FMI}"/>',
        f'<Entry key="{KEY}" fui="{FUI}" fmi="{FMI}">{DOCUMENT * 2}</Entry>',
        f'<Entry key="{KEY}" fui="{FUI}" fmi="{FMI}"><Document name="a" type="b"/></Entry>',
        f'<Entry key="{KEY}" fui="{FUI}" fmi="{FMI}">{DOCUMENT.replace("e3b0", "0000")}</Entry>',
        f'<Entry key="{KEY}" fui="{FUI}" fmi="{FMI}">{NOT_BASE64}</Entry>',
        f'<Entry key="x" fui="{FUI}" fmi="{FMI}">{DOCUMENT}</Entry>',
        "<Other/>",
    ],
)
def test_a_batch_that_is_none(body: str) -> None:
    with pytest.raises(Malformed):
        read_batch(file(body, "Batch", 'entries="1"'))


def test_a_batch_that_is_another_file_or_has_a_key_twice() -> None:
    entry = f'<Entry key="{KEY}" fui="{FUI}" fmi="{FMI}">{DOCUMENT}</Entry>'
    with pytest.raises(Malformed, match="twice"):
        read_batch(file(entry * 2, "Batch", 'entries="2"'))
    with pytest.raises(Malformed, match="root"):
        read_batch(file("", "Answers", ""))
    with pytest.raises(Malformed, match="root"):
        read_answers(file("", "Batch", 'entries="0"'))
    assert lines(b"\n<Batch/>\n") == ()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for read in (read_incoming, read_batch, read_answers):
        with pytest.raises(Malformed):
            read(content)
