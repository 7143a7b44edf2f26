from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import redirect_stderr, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.log import setup


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def said(capsys: pytest.CaptureFixture[str], form: Any = "json") -> str:
    """What is logged when an invoice makes us stumble."""
    setup("info", form)
    invoice = {"buyer": "Astrid Lund", "personal_number": "19800101-1239"}
    try:
        raise KeyError(f"no such person: {invoice['personal_number']}")
    except KeyError:
        structlog.get_logger().exception("job_failed", document_id="doc_1", key="bk_secret")
    return capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_tells_where_but_not_what_was_there(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, form)
    assert "test_log.py" in text and "KeyError" in text and "no such person" in text
    # Not parts of it: the microseconds of a line may be any four digits.
    assert "Astrid" not in text and "19800101" not in text and "-1239" not in text


def test_secrets_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(said(capsys))["key"] == "********"


def test_a_line_is_an_object_with_time_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    line = json.loads(said(capsys))
    assert line["level"] == "error" and line["event"] == "job_failed" and line["timestamp"]
    assert line["document_id"] == "doc_1"


def test_a_log_that_can_not_be_written_stops_nobody() -> None:
    full = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 - close() fails too
    with redirect_stderr(full):
        setup("info", "json")
        structlog.get_logger().error("storage_unavailable")
    with pytest.raises(OSError, match="No space left"):
        full.flush()  # or it was not full
    with suppress(OSError):
        full.close()


def test_whatever_is_logged_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    setup("info", "json")
    values = {"text": "\u00e5\u009b\n", "half": "\ud800", "bytes": b"\xff", "other": {1, 2}}
    log = structlog.get_logger()
    for name, value in values.items():
        log.info("something_happened", **{name: value})
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line).keys() & values.keys() for line in lines] == [{n} for n in values]
    assert all(line.isascii() for line in lines)
    times = [datetime.fromisoformat(json.loads(line)["timestamp"]) for line in lines]
    assert all(time.utcoffset() == timedelta(0) for time in times)
