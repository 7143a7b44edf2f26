"""Notices of delivery and other replies of all kinds, and what each comes to.

After a change that is meant: `pytest tests/golden --update-golden`, and read the difference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from transports.email import return_path
from transports.email.bounces import named
from transports.email.notices import Notice, understand
from transports.email.parts import Malformed
from transports.email.replies import late

GOLDEN = Path(__file__).parent / "dsn"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.eml"))
SECRET, DOMAIN, HOST = b"golden", "bounce.example", "gateway.example"


def came_to(content: bytes) -> dict[str, Any]:
    """What is made of a message of the mailbox."""
    try:
        mail = understand(content)
    except Malformed as error:
        return {"malformed": str(error)}
    found = return_path.find(SECRET, mail.addresses, DOMAIN)
    if found.forged:
        return {"forged": True}
    if mail.says is None:
        return {"says": None}
    key = found.key or named(mail, HOST)
    outcome = late(mail.says, (), proven=found.key is not None)
    return {
        "about": None if key is None else str(key),
        "by": "return path" if found.key else "name" if key else None,
        "says": type(mail.says).__name__,
        "status": mail.says.status if isinstance(mail.says, Notice) else None,
        "outcome": type(outcome).__name__,
        "code": outcome.verdict.code,
        "text": outcome.verdict.text,
        "remote": outcome.verdict.remote,
    }


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_to_this(name: str, pytestconfig: pytest.Config) -> None:
    content = (GOLDEN / f"{name}.eml").read_bytes()
    found = came_to(content)
    path = GOLDEN / f"{name}.json"
    if pytestconfig.getoption("--update-golden", default=False):
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert found == json.loads(path.read_text("utf-8"))
    assert came_to(content.replace(b"\n", b"\r\n")) == found, "however its lines end"


# A notice about several is not known to be over before its end.
@pytest.mark.parametrize("name", sorted({*NAMES} - {"several-recipients"}))
def test_wherever_it_is_cut_off_it_decides_nothing_else(name: str) -> None:
    content = (GOLDEN / f"{name}.eml").read_bytes()
    whole = came_to(content)
    for end in range(0, len(content), 7):
        assert came_to(content[:end]).get("outcome") in (None, "Sent", whole.get("outcome"))
