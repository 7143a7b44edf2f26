from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.email.address import fault
from transports.email.return_path import Found, find, write

KEY = UUID("8a6e0804-2bd0-5672-b79d-d97027f9071a")
DOMAIN = "bounce.example"
ADDRESS = write(b"secret", KEY, DOMAIN)


@given(st.uuids())
def test_it_is_an_address_that_names_the_delivery(key: UUID) -> None:
    address = write(b"secret", key, DOMAIN)
    assert fault(address) is None
    assert find(b"secret", [address], DOMAIN) == Found(key)


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        f"<{ADDRESS}>",
        f"Company AB <{ADDRESS}>, other@kund.example",
        ADDRESS.upper(),
        ADDRESS.replace(DOMAIN, DOMAIN.upper()),
    ],
)
def test_it_is_found_however_it_is_written(text: str) -> None:
    assert find(b"secret", ["other@kund.example", text], DOMAIN) == Found(KEY)


@pytest.mark.parametrize(
    "text",
    ["", "anna@kund.example", "b@bounce.example", f"x{ADDRESS}", f"{ADDRESS}.evil.example"],
)
def test_other_addresses_say_nothing(text: str) -> None:
    assert find(b"secret", [text], DOMAIN) == Found()


def test_one_that_we_have_not_made_is_forged() -> None:
    assert find(b"another", [ADDRESS], DOMAIN) == Found(forged=True)
    other = write(b"secret", UUID(int=1), DOMAIN)
    mixed = ADDRESS.partition(".")[0] + "." + other.partition(".")[2]
    assert find(b"secret", [mixed], DOMAIN) == Found(forged=True)
    assert find(b"secret", [mixed, ADDRESS], DOMAIN) == Found(KEY), "a right one counts"
    assert find(b"secret", [ADDRESS], "other.example") == Found()
