from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.email.address import fault, normal


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ("anna@example.se", "anna@example.se"),
        (" anna@example.se\n", "anna@example.se"),
        ("Anna.Öberg@example.se", None),
        ("anna+faktura@EXAMPLE.se", "anna+faktura@example.se"),
        ("Anna@example.se", "Anna@example.se"),  # only the domain is without case
        ("o'neill@example.ie", "o'neill@example.ie"),
        ("info@åkeri.se", "info@xn--keri-poa.se"),
        ("a@b.c.d.example", "a@b.c.d.example"),
    ],
)
def test_an_address_as_it_goes_over_the_wire(given: str, wire: str | None) -> None:
    assert (None if fault(given) else normal(given)) == wire


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "anna",
        "anna@",
        "@example.se",
        "anna@localhost",
        "anna@example..se",
        "anna@-example.se",
        "anna@example.se.",
        "anna..b@example.se",
        ".anna@example.se",
        "anna @example.se",
        "anna@exam ple.se",
        "anna@example.se, b@example.se",
        "<anna@example.se>",
        "anna@[192.0.2.1]",
        '"anna b"@example.se',
        "anna@example.se\r\nRCPT TO:<b@example.se>",
        "anna\r\n@example.se",
        "a" * 65 + "@example.se",
        "anna@" + "a" * 64 + ".se",
        "anna@" + "a." * 130 + "se",
    ],
)
def test_what_is_no_address_is_told_in_a_sentence(text: str) -> None:
    said = fault(text)
    assert said is not None
    assert said.endswith(".")


@given(st.text(max_size=60))
def test_what_goes_over_the_wire_is_plain(text: str) -> None:
    if fault(text) is None:
        wire = normal(text)
        assert wire.isascii()
        assert wire.isprintable()
        assert not set(wire) & set(' <>",;:\\()[]')
        assert wire.count("@") == 1
        assert normal(wire) == wire
