"""Each channel's page lists the codes it answers with, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import transports
from transports.avtalegiro.sandbox import MAGIC as AVTALEGIRO_MAGIC
from transports.bank_se.sandbox import MAGIC as BANK_MAGIC
from transports.email.sandbox import Behaviour as MailBehaviour
from transports.kivra.sandbox import MAGIC as KIVRA_MAGIC
from transports.letter.sandbox import MAGIC
from transports.letter.sandbox_sftp import MAGIC as SFTP_MAGIC
from transports.operator.sandbox import MAGIC as OPERATOR_MAGIC
from transports.operator.sfti_sandbox import MAGIC as SFTI_MAGIC
from transports.peppol.sandbox.access_point import MAGIC as PEPPOL_MAGIC
from transports.vipps.sandbox import MAGIC as VIPPS_MAGIC

ROOT = Path(transports.__file__).parent
PAGES = ROOT.parent / "docs/reference/channels"
CHANNELS = sorted(path.parent.name for path in ROOT.glob("*/driver.py"))


def page(channel: str) -> str:
    return (PAGES / f"{channel}.md").read_text(encoding="utf-8")


def told(channel: str) -> set[str]:
    """The codes in the first column of the table of answers."""
    return set(re.findall(rf"^\| `({channel}\.\w+)` \|", page(channel), re.MULTILINE))


def answered(channel: str) -> set[str]:
    """Every code the channel's source can build: whole ones, and names given to its verdicts."""
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / channel).glob("*.py")
        if path.name != "sandbox.py"
    )
    whole = re.findall(rf'"{channel}\.(?!pdf)(\w+)"', source)
    named = re.findall(r'\b_?verdict\(\s*"(\w+)"', source)
    tables = re.findall(r'^    "([a-z_]+)": "[^"]+\.",$', source, re.MULTILINE)
    states = re.findall(
        r'^    [A-Z]+ = "(\w+)"  # (?:printed|handed|came|will)', source, re.MULTILINE
    )
    chosen = re.findall(r'(?:name|code) = "(\w+)" if .* else "(\w+)"', source)
    found = re.findall(r'(?:No|Unsure)\(\s*"(\w+)"', source)
    errors = re.findall(r'"EBMS:\d{4}": "(\w+)"|_CODE: Final = "(\w+)"', source)
    return {
        f"{channel}.{name}"
        for name in (
            *(*whole, *named, *tables, *states, *found),
            *(name for pair in (*chosen, *errors) for name in pair if name),
        )
    }


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_codes_are_those_of_the_channel(channel: str) -> None:
    assert told(channel) == answered(channel)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("heading", ["Configuration", "Answers", "Wire format", "Sandbox"])
def test_it_tells_what_every_channel_page_tells(channel: str, heading: str) -> None:
    assert f"\n## {heading}\n" in page(channel)
    for row in ("Proof", "After a crash"):
        assert f"\n| {row} |" in page(channel)


def test_every_magic_recipient_is_told() -> None:
    for behaviour in MailBehaviour:
        assert f"| `{behaviour}`" in page("email")
    for number in BANK_MAGIC.values():
        assert f"| `{number}`" in page("bank_se")
    for number in KIVRA_MAGIC.values():
        assert f"| `{number}`" in page("kivra")
    for digits in MAGIC:
        assert f"`{digits}`" in page("letter")
    for digits in SFTP_MAGIC:
        assert f"`{digits}` |" in page("letter").partition("takes files, as a real SFTP server")[2]
    for number in (*OPERATOR_MAGIC.values(), *SFTI_MAGIC.values()):
        assert f"`{number}`" in page("operator")
    for customer in AVTALEGIRO_MAGIC.values():
        assert f"| `{customer}`" in page("avtalegiro")
    for digits in PEPPOL_MAGIC:
        assert f"`{digits}`" in page("peppol")
    for number in VIPPS_MAGIC.values():
        assert f"`{number}`" in page("vipps")
