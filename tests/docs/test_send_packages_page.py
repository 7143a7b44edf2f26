"""The page about packages names every rule, media type and limit there is."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.intake import contents, hybrid, mail, package, zip_file
from gateway.intake.kind import PACKAGES
from gateway.pdf import bounds

PAGE = (Path(__file__).parents[2] / "docs/howto/send-packages.md").read_text()


def test_every_rule_is_told() -> None:
    told = set(re.findall(r"`(GUARD-[A-Z]+)`", PAGE))
    assert told == {module._RULE for module in (hybrid, mail, package, zip_file)}


def test_every_media_type_is_told() -> None:
    assert set(PACKAGES) <= set(re.findall(r"`([a-z]+/[a-z0-9]+)`", PAGE))


def test_the_limits_are_those_of_the_code() -> None:
    said = " ".join(PAGE.split())
    assert f"more than {contents.MOST_FILES} members" in said
    assert f"{contents.MOST_BYTES // 1024**2} MB unpacked" in said
    assert f"{mail._MOST_LINES:,} lines" in said
    assert f"{mail._MOST_HEADER_BYTES // 1024} kB of a header" in said
    assert f"{bounds.PROCESSOR_S:g} s of processor or {bounds.MEMORY_BYTES // 1024**2} MB" in said
