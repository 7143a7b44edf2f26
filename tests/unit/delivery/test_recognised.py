"""What a fetched file is and is called, and when it is not what it should be."""

from __future__ import annotations

import pytest

from gateway.delivery.fetches import Fetch, shown_url
from gateway.delivery.recognised import Mistaken, Recognised, recognised

PDF, PNG, PAGE = b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"<!DOCTYPE html><p>Log in"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HERE = "https://files.example.com/a/{}?sig=secret"


def came(
    name: str, head: bytes, headers: dict[str, str] | None = None, **stated: str
) -> Recognised | Mistaken:
    return recognised(Fetch(HERE.format(name), **stated), headers or {}, head)


@pytest.mark.parametrize(
    ("fetch", "headers", "head", "name", "media_type"),
    [
        (Fetch(HERE.format("terms.pdf")), {}, PDF, "terms.pdf", "application/pdf"),
        (Fetch(HERE.format("42")), {}, PDF, "42.pdf", "application/pdf"),
        (Fetch(HERE.format("")), {}, PNG, "a.png", "image/png"),
        (Fetch("https://files.example.com"), {}, PDF, "the file.pdf", "application/pdf"),
        (Fetch(HERE.format("get"), "Plan.pdf"), {}, PDF, "Plan.pdf", "application/pdf"),
        (Fetch(HERE.format("%C3%85.pdf")), {}, PDF, "Å.pdf", "application/pdf"),
        (
            Fetch(HERE.format("get")),
            {"Content-Disposition": "attachment; filename*=UTF-8''r%C3%A4kning.pdf"},
            PDF,
            "räkning.pdf",
            "application/pdf",
        ),
        (
            Fetch(HERE.format("get")),
            {"Content-Disposition": 'attachment; filename="../../x.csv"'},
            b"a;b\n",
            "x.csv",
            "text/csv",
        ),
        (Fetch(HERE.format("x")), {"Content-Type": "text/csv; x=1"}, b"a;b", "x.csv", "text/csv"),
        (Fetch(HERE.format("s.xlsx")), {}, b"PK\x03\x04", "s.xlsx", XLSX),
        (Fetch(HERE.format("b")), {"Content-Type": "x"}, b"\0\1", "b", "application/octet-stream"),
        (Fetch(HERE.format("t")), {}, b"only words", "t", "text/plain"),
        (Fetch(HERE.format("photo.pdf")), {}, PNG, "photo.pdf", "image/png"),
    ],
)
def test_what_it_is(
    fetch: Fetch, headers: dict[str, str], head: bytes, name: str, media_type: str
) -> None:
    assert recognised(fetch, headers, head) == Recognised(name, media_type)


@pytest.mark.parametrize(
    ("name", "head", "headers", "stated"),
    [
        ("a.pdf", PAGE, {}, None),
        ("a", PAGE, {"Content-Type": "text/html"}, "application/pdf"),
        ("a.pdf", b"words", {}, None),
        ("a", b"words", {"Content-Type": "application/pdf"}, None),
        ("a.pdf", PDF, {}, "image/png"),
        ("a", b"PK\x03\x04", {}, "application/pdf"),
    ],
)
def test_what_it_should_be_and_is_not(
    name: str, head: bytes, headers: dict[str, str], stated: str | None
) -> None:
    fetch = Fetch(HERE.format(name), media_type=stated)
    assert isinstance(recognised(fetch, headers, head), Mistaken)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/b", "https://a.example/b"),
        ("https://a.example/b?sig=secret", "https://a.example/b?..."),
        ("https://me:secret@a.example/b#secret", "https://a.example/b"),
        ("https://[secret", "(not an address)"),
        ("secret", "(not an address)"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown
