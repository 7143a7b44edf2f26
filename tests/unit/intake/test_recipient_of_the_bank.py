"""Who a recipient is to the Swedish banks, by the invoice alone or by what came beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.intake.head import recipient
from gateway.intake.json_invoice import to_model
from gateway.intake.shape import Shape
from gateway.intake.submission import Submission, read
from schemas.invoice import Identifier, Invoice
from transports.base import File

EXAMPLES = Path(__file__).parents[3] / "examples"
FMI = "196505030004.NB.SE"


@pytest.fixture
def invoice() -> Invoice:
    content = (EXAMPLES / "se-b2c-email.json").read_bytes()
    submission = read(File("a.json", "application/json", content))
    assert isinstance(submission, Submission)
    assert isinstance(submission.content, Shape)
    return to_model(submission.content)


@pytest.mark.parametrize(
    ("identifier", "delivery", "fmi", "consumer"),
    [
        (None, {}, None, False),
        (Identifier(FMI), {}, FMI, True),
        (Identifier(FMI), {"consumer": False}, FMI, False),
        (Identifier("005560169095.NB.SE"), {}, "005560169095.NB.SE", False),
        (Identifier(FMI, "0088"), {}, None, False),
        (Identifier("K-1001"), {}, None, False),
        (Identifier("196505030005.NB.SE"), {}, None, False),
        (Identifier(FMI), {"fmi": "196505030004.FSPA.SE"}, "196505030004.FSPA.SE", True),
        (None, {"personal_number": "196505030004"}, None, True),
    ],
)
def test_an_fmi_is_where_sfti_has_it_or_comes_beside(
    invoice: Invoice,
    identifier: Identifier | None,
    delivery: dict[str, object],
    fmi: str | None,
    consumer: bool,
) -> None:
    buyer = replace(invoice.buyer, identifier=identifier)
    found = recipient(replace(invoice, buyer=buyer), delivery)
    assert (found.fmi, found.consumer) == (fmi, consumer)
