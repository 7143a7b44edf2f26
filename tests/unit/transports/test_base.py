"""What channels have in common."""

from __future__ import annotations

import pytest

from transports.base import storable


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("550 no such user", "550 no such user"),
        ("nul \x00 inside", "nul \\x00 inside"),
        ("no UTF-8: \udcff", "no UTF-8: \\udcff"),
        ("x" * 2000, "x" * 1000),
    ],
)
def test_a_partner_s_words_are_kept_as_any_store_can(said: str, kept: str) -> None:
    assert storable(said) == kept
