"""What forms have in common."""

from __future__ import annotations

import pytest

from gateway.console.forms import Form, reason_of


@pytest.mark.parametrize("reason", ["", " \r\n ", "x" * 501, "\x00"])
def test_what_is_no_reason(reason: str) -> None:
    assert reason_of(Form({"reason": reason})) == ""


def test_a_reason_may_have_lines() -> None:
    assert reason_of(Form({"reason": " one\r\ntwo "})) == "one\r\ntwo"
    assert reason_of(Form({"reason": "x" * 500})) == "x" * 500
