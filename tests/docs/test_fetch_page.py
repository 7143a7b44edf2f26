"""What the page on fetched attachments says is so: its codes, its numbers, its wishes."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

from gateway import config
from gateway.delivery.fetches import MOST_FILES
from gateway.intake.submission import DeliveryOptions
from gateway.outside.download import MOST_REDIRECTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "fetch-attachments.md").read_text("utf-8")


def test_every_code_has_its_row() -> None:
    download, fetching, client = (
        (ROOT / "gateway" / name).read_text("utf-8")
        for name in ("outside/download.py", "delivery/fetching.py", "outside/client.py")
    )
    codes = set(re.findall(r'"attachment\.([a-z_]+)"', download + fetching))
    codes |= set(re.findall(r'"outside\.([a-z_]+)"', client))
    codes |= set(re.findall(r'\("([a-z_]+)", "The server', download))
    rows = re.findall(r"^\| `attachment\.([a-z_]+)` \|", PAGE, re.M)
    assert sorted(rows) == sorted(codes - {"fetched"})


def test_the_example_is_a_wish() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.M | re.S)
    DeliveryOptions.model_validate_json(json.dumps(json.loads(example)["delivery"]))


def test_the_numbers_are_those_of_the_settings() -> None:
    section = config.Fetch()
    megabyte = 1024 * 1024
    most = (section.max_file_bytes // megabyte, section.max_total_bytes // megabyte, MOST_FILES)
    assert "At most {} MB a file and {} MB of attachments in all".format(*most[:2]) in PAGE
    assert f"and {most[2]} files" in PAGE and f"at most {MOST_REDIRECTS} redirects" in PAGE
    assert timedelta(seconds=section.limit_s) == timedelta(minutes=5)
    assert "A try takes 5 minutes at most" in PAGE
    assert timedelta(seconds=section.give_up_s) == timedelta(days=3)
    assert "for three days (`fetch.give_up_s`)" in PAGE
