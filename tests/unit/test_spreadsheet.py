"""No text of others runs in a spreadsheet."""

from __future__ import annotations

import pytest

from gateway.spreadsheet import cell


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Norrsken AB", "Norrsken AB"),
        ("=1+1", "'=1+1"),
        ("+46 8", "'+46 8"),
        ("-1", "-1"),
        ("-850.00", "-850.00"),
        ("-1+1", "'-1+1"),
        ("-٣", "'-٣"),
        ("+4681234567", "'+4681234567"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("  =1", "'=1"),
        ("\r\n=1\n-2", "'=1 -2"),
        ("＝1", "'＝1"),
        ("a;=1", "a;'=1"),
        ('a," =1', "a,\" '=1"),
        ("1-2", "1-2"),
        ("\x00\x1b[2J", "[2J"),
    ],
)
def test_what_somebody_has_written_is_not_worked_out(text: str, shown: str) -> None:
    assert cell(text) == shown
