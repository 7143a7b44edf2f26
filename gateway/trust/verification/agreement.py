"""What whoever acts for a company signs: as text, and as a PDF of one page. Pure.

The texts are in `agreement.toml`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from gateway.pdf.drawing import drawing
from gateway.pdf.page import BODY, LEFT, NAME
from gateway.pdf.sheet import PAGE_HEIGHT, Sheets, wrap

_ROOM = 170.0  # mm, of the page's width
_TOP, _BOTTOM = 25.0, 20.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is to be signed. `version` says by which wording."""

    title: str
    text: str
    version: str
    language: str

    @property
    def sha256(self) -> str:
        """The hash of the text, for the record."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def pdf(self) -> bytes:
        """The same on paper; the same values, the same bytes."""
        with drawing(self.title, "", self.language) as pages:
            sheets = Sheets(top=_TOP, bottom=PAGE_HEIGHT - _BOTTOM, done=pages.draw)
            sheets.y = _TOP
            for line in wrap(self.title, NAME, _ROOM):
                sheets.text(LEFT, line, NAME)
                sheets.y += NAME.line
            sheets.y += BODY.line
            for paragraph in self.text.split("\n"):
                for line in wrap(paragraph, BODY, _ROOM) or [""]:
                    sheets.need(BODY.line)
                    sheets.text(LEFT, line, BODY)
                    sheets.y += BODY.line
            sheets.finish()
            return pages.pdf(lambda number, of: [])


def agreement(
    known: Mapping[str, Any], signatory: str, language: str, provider: str, on: date
) -> Agreement:
    """What this person signs for the company, as it is `known`, in `en`, `sv` or `nb`."""
    texts = _texts()
    words = texts.get(language) or texts["en"]
    values = {
        "company": _line(known["name"]),
        "number": known["number"] or "-",
        "country": known["country"],
        "signatory": _line(signatory),
        "provider": _line(provider),
        "date": on.isoformat(),
    }
    said = language if language in texts else "en"
    return Agreement(
        words["title"].format_map(values),
        words["text"].strip().format_map(values) + "\n",
        texts["version"],
        said,
    )


def _line(text: str) -> str:
    """A name on one line: it must not look like more of the text."""
    return " ".join(text.split())


@cache
def _texts() -> Mapping[str, Any]:
    text = files("gateway.trust.verification").joinpath("agreement.toml").read_text("utf-8")
    return tomllib.loads(text)
