"""What becomes of our own examples in UBL, as it stood when somebody last looked at it.

After a change that is meant: `pytest tests/golden --update-golden`, and read the difference.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.intake.json_invoice import to_model
from gateway.intake.prepare import Prepared, prepare
from gateway.intake.shape import Shape
from gateway.intake.submission import Submission, read
from schemas.derived import derive
from schemas.forms import Form, of
from schemas.totals import complete
from schemas.ubl.read import read as read_ubl
from schemas.ubl.structure import schema
from schemas.ubl.write import write
from transports.base import File

EXAMPLES = Path(__file__).parents[2] / "examples"
GOLDEN = Path(__file__).parent / "ubl"
AT = date(2026, 11, 21)

JSON = sorted(path.name for path in EXAMPLES.glob("*.json"))
XML = {path.name: of(etree.parse(path).getroot()) for path in sorted(EXAMPLES.glob("*.xml"))}
UBL = [name for name, form in XML.items() if form is not Form.SVEFAKTURA]
CONVERTED = [name for name in XML if name not in UBL]
ROW = re.compile(r"^\| `([\w.-]+\.(?:json|xml))` \|.*\|([^|]*)\|$", re.MULTILINE)
EXPECTED = dict(ROW.findall((EXAMPLES / "README.md").read_text("utf-8")))


def file(name: str) -> File:
    media_type = "application/json" if name.endswith(".json") else "application/xml"
    return File(name, media_type, (EXAMPLES / name).read_bytes())


def test_every_example_is_told_in_the_readme() -> None:
    assert EXPECTED.keys() == {*JSON, *XML}


@pytest.mark.parametrize("name", JSON)
def test_an_example_in_json_becomes_this_ubl(name: str, pytestconfig: pytest.Config) -> None:
    submission = read(file(name))
    assert isinstance(submission, Submission)
    assert isinstance(submission.content, Shape)
    root = etree.fromstring(write(complete(derive(to_model(submission.content)))))
    assert schema(etree.QName(root).localname).validate(root)
    etree.indent(root)
    document = etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"
    golden = GOLDEN / f"{Path(name).stem}.xml"
    if pytestconfig.getoption("--update-golden", default=False):
        golden.write_bytes(document)
    assert document.decode() == golden.read_text("utf-8")


def test_no_golden_file_is_left_behind() -> None:
    made = [*JSON, *CONVERTED]
    assert {path.stem for path in GOLDEN.iterdir()} == {Path(name).stem for name in made}


@pytest.mark.parametrize("name", CONVERTED)
def test_an_example_in_another_form_becomes_this_ubl(
    name: str, pytestconfig: pytest.Config
) -> None:
    result = prepare(file(name), (), {}, at=AT)
    assert isinstance(result, Prepared)
    root = etree.fromstring(result.document)
    etree.indent(root)
    document = etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"
    golden = GOLDEN / name
    if pytestconfig.getoption("--update-golden", default=False):
        golden.write_bytes(document)
    assert document.decode() == golden.read_text("utf-8")


@pytest.mark.parametrize("name", UBL)
def test_an_example_in_ubl_comes_back_as_it_was(name: str) -> None:
    root = etree.parse(EXAMPLES / name).getroot()
    assert schema(etree.QName(root).localname).validate(root)
    if XML[name] is Form.REMINDER:  # it has no type, and what we write has
        assert read_ubl(root).preceding_invoices
    elif name != "broken-empty-line-description.xml":
        invoice = read_ubl(root)
        assert complete(invoice) == invoice
        rewritten = etree.fromstring(write(invoice))
        etree.indent(rewritten)
        assert etree.tostring(rewritten) == etree.tostring(root)


@pytest.mark.parametrize("name", [*JSON, *XML])
def test_an_example_breaks_the_rules_it_says_and_no_others(name: str) -> None:
    outcome = prepare(file(name), (), {}, at=AT)
    fatal = {finding.rule for finding in outcome.findings if finding.severity == "fatal"}
    said = set(re.findall(r"`([A-Z]+-[A-Z0-9-]+)`", EXPECTED[name]))
    assert fatal == said
    assert isinstance(outcome, Prepared) == (not said) == ("rejected" not in EXPECTED[name])
    assert name.startswith("broken-") == bool(said)
