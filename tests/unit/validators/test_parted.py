"""A comment inside a text that the official rules ask for breaks them down; others do not."""

from __future__ import annotations

from datetime import date

import pytest

from validators.examples.edits import source
from validators.findings import Finding
from validators.pipeline import validate

DAY = date(2026, 11, 21)
DATE = b"<cbc:IssueDate>2026-"


def findings(old: bytes, new: bytes) -> tuple[Finding, ...]:
    data = source()
    assert old in data
    return validate(data.replace(old, new, 1), at=DAY).findings


@pytest.mark.parametrize("between", [b"<!-- May -->", b"<?x y?>", b"<!----><!-- two -->"])
def test_a_parted_date_is_refused(between: bytes) -> None:
    found = findings(DATE, b"<cbc:IssueDate>20" + between + b"26-")
    assert [(each.rule, each.where) for each in found] == [("GUARD-PARTED", "Invoice/IssueDate")]
    assert found[0].severity == "fatal"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (DATE, b"<cbc:IssueDate><!-- before -->2026-"),
        (DATE, b"<!-- outside --><cbc:IssueDate>2026-"),
        (DATE, b"<cbc:IssueDate>2026<![CDATA[-]]>"),
        (b"<cbc:Note>", b"<cbc:Note>one<!-- and -->two"),  # nobody asks for the nodes of a note
    ],
)
def test_other_comments_are_none_of_our_business(old: bytes, new: bytes) -> None:
    assert findings(old, new) == ()
