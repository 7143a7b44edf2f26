"""Messages of SFTI's transport profile, byte for byte, as they stood when somebody last looked.

After a change that is meant: `pytest tests/golden --update-golden`, and read the difference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.delivery.rendition import Rendition, rendition
from schemas.forms import Form
from transports.base import File
from transports.operator import ebms, unpacking
from transports.operator.ebms import ErrorCode, Message, Payload, Problem

GOLDEN = Path(__file__).parent / "sfti"
EXAMPLE = Path(__file__).parents[2] / "examples" / "se-b2b-svefaktura.xml"
AT = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
KEY = "8a6e0804-2bd0-5672-b79d-d97027f9071a"
MESSAGE = Message(
    id=f"{KEY}@gateway.example",
    conversation=KEY,
    sender="SE5567321707",
    recipient="SE5590001011",
    service=ebms.SVEFAKTURA_SERVICE,
    action=ebms.SVEFAKTURA_ACTION,
    at=AT,
)
OBJECTS = (
    b'<ObjectEnvelope xmlns="urn:sfti:documents:ObjectEnvelope:1:0"><DocumentReference>'
    b"<DocumentID>F2026-1020</DocumentID></DocumentReference>"
    b"<CreationDateTime>2026-11-21T09:30:00</CreationDateTime><EncodedObject><ObjectID>1</ObjectID>"
    b'<EncodedData format="BASE64" mimeCode="application/pdf" filename="tid.pdf">'
    b"JVBERi0xLjcKJSVFT0YK</EncodedData></EncodedObject></ObjectEnvelope>"
)


def the_same(name: str, made: bytes, pytestconfig: pytest.Config) -> None:
    golden = GOLDEN / name
    if pytestconfig.getoption("--update-golden", default=False):
        golden.write_bytes(made)
    assert made == golden.read_bytes()


def test_a_svefaktura_with_its_object_envelope(pytestconfig: pytest.Config) -> None:
    original = File("svefaktura.xml", "application/xml", EXAMPLE.read_bytes())
    beside = (File("objects.xml", "application/xml", OBJECTS),)
    made = rendition(Form.SVEFAKTURA, original, beside, b"", (), AT)
    assert isinstance(made, Rendition)
    payloads = [
        Payload(f"{n}.{MESSAGE.id}", file.media_type, file.content)
        for n, file in enumerate((made.document, *made.files), 1)
    ]
    assert len(payloads) == 2
    boundary, start = "sfti-8a6e08042bd05672b79dd97027f9071a", f"0.{MESSAGE.id}"
    body = ebms.write(MESSAGE, payloads, boundary, start)
    the_same("message.mime", body, pytestconfig)
    header = ebms.content_type(boundary, start)
    assert unpacking.read(header, body) == (MESSAGE, tuple(payloads))


def test_an_acknowledgment(pytestconfig: pytest.Config) -> None:
    made = ebms.acknowledgment(MESSAGE, "a-1@partner.example", AT)
    the_same("acknowledgment.xml", made, pytestconfig)
    assert unpacking.read_answer(ebms.CONTENT_TYPE, made) == ebms.Acknowledgment(MESSAGE.id)


def test_an_error_list(pytestconfig: pytest.Config) -> None:
    problem = Problem(ErrorCode.MIME_PROBLEM, 'No part <2> "&".', MESSAGE, f"cid:2.{KEY}")
    made = ebms.errors(problem, "e-1@partner.example", AT)
    the_same("errors.xml", made, pytestconfig)
    answer = unpacking.read_answer(ebms.CONTENT_TYPE, made)
    assert answer == ebms.Errors("MimeProblem", problem.text, MESSAGE.id)


def test_a_fault(pytestconfig: pytest.Config) -> None:
    made = ebms.fault("This is no message\x00 of the profile: <a>")
    the_same("fault.xml", made, pytestconfig)
    with pytest.raises(ebms.Malformed, match="a SOAP fault: This is no message\\? of"):
        unpacking.read_answer(ebms.CONTENT_TYPE, made)
