"""Somebody's text in a table for spreadsheets, which run what looks like a formula."""

from __future__ import annotations

import re
from typing import Final

# A cell that begins so is worked out instead of shown (OWASP, "CSV injection"); the wide forms are
# what some spreadsheets take them for. A spreadsheet of another language begins a cell behind the
# other mark, also behind a quote, and any at a new line.
_WORKED_OUT: Final = re.compile(r"""(^|[;,])([\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def cell(text: str) -> str:
    """The text as a cell that is shown as it is: an apostrophe stands where a formula would begin,
    and a blank where a control character was. A number with a minus sign is only a number."""
    if _NUMBER.fullmatch(text):
        return text
    return _WORKED_OUT.sub(r"\1\2'", _UNSEEN.sub(" ", text).strip())
