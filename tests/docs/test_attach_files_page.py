"""The page on attachments names every finding that there is on them, and no other."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/howto/attach-files.md").read_text("utf-8")


def test_every_finding_is_on_the_page() -> None:
    source = resources.files("gateway.intake").joinpath("policy.toml")
    table = tomllib.loads(source.read_text("utf-8"))
    named = set(re.findall(r"`(GUARD-ATTACHMENT-[A-Z]+)`", PAGE))
    assert named == set(table["findings"])
    assert f"more than {table['limits']['files']} files" in PAGE
