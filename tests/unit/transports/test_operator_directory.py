from __future__ import annotations

import pytest

from schemas.forms import Form
from transports.operator.directory import Directory, Partner
from transports.operator.ebms import SVEFAKTURA_ACTION, SVEFAKTURA_SERVICE, Party
from transports.operator.sfti_sandbox import MAGIC, Sandbox

FILE = """
[SE5590001012]
url = "https://edi.bageri.example/sfti"

[NO918130047]
url = "https://edi.mejeri.example/sfti"
form = "bis3"
service = "urn:mejeri:billing"
action = "incomingBilling"
"""


def test_partners_are_found_by_country_and_number() -> None:
    directory = Directory.parse(FILE)
    assert directory.of(Party("SE", "5590001012")) == Partner(
        "https://edi.bageri.example/sfti", Form.SVEFAKTURA, SVEFAKTURA_SERVICE, SVEFAKTURA_ACTION
    )
    assert directory.of("NO918130047") == Partner(
        *("https://edi.mejeri.example/sfti", Form.BILLING),
        *("urn:mejeri:billing", "incomingBilling"),
    )
    assert directory.of(Party("SE", "5590001020")) is None


async def test_the_sandbox_names_all_of_its_numbers() -> None:
    async with Sandbox() as partner:
        directory = Directory.parse(partner.directory)
        assert all(directory.of(f"SE{number}") for number in MAGIC.values())


def test_everything_that_is_wrong_is_told_at_once_and_no_number() -> None:
    with pytest.raises(ValueError, match="entry") as told:
        Directory.parse(
            """
            SE5590001020 = 7
            [SE19121212121]
            url = "ftp://bageri.example"
            [SE5590001012]
            url = "https://user@bageri.example"
            form = "edifact"
            [SE5590001038]
            url = "https://[bageri"
            form = "bis3"
            port = "8"
            """
        )
    assert str(told.value).splitlines() == [
        "entry 1: it is a table of texts",
        "entry 2: its name is no party: a party is SE or NO and an organisation number, such as"
        " SE5561234567",
        "entry 2: url is an address, such as https://edi.bageri.example/sfti",
        "entry 3: url is an address, such as https://edi.bageri.example/sfti",
        "entry 3: form is svefaktura or bis3",
        "entry 4: it has port; there are action, form, service, url",
        "entry 4: url is an address, such as https://edi.bageri.example/sfti",
        "entry 4: bis3 needs the service and action that were agreed on: SFTI names none",
    ]


def test_what_is_no_toml_is_told() -> None:
    with pytest.raises(ValueError, match="not TOML"):
        Directory.parse("[")
