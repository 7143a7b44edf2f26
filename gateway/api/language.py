"""The language a caller reads: `Accept-Language` (RFC 9110, section 12.5.4).

In charge of choosing among the languages findings are told in. Problems are told in English. The
header is no parameter of the description: what cannot be read in it is no error, but asks for
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

# Norwegian is told as Bokmål, whatever its name.
_KNOWN: Final = {"en": "en", "sv": "sv", "nb": "nb", "no": "nb", "nn": "nb"}
_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*"
)
_LONGEST: Final = 1_000  # a browser asks for five languages in 50 characters


def with_language(delivery: Mapping[str, Any], request: web.Request) -> Mapping[str, Any]:
    """The wishes for a delivery, with the language of the findings if the request asks for one."""
    accepted = request.headers.getall("Accept-Language", None)
    language = preferred(",".join(accepted)) if accepted else None
    if language is None or "findings_language" in delivery:
        return delivery
    return {**delivery, "findings_language": language}


def preferred(accepted: str) -> str | None:
    """The known language that is liked best, the first of equals; None when none is asked for."""
    found: list[tuple[float, str]] = []
    for part in accepted[:_LONGEST].split(","):
        asked = _RANGE.fullmatch(part)
        language = _KNOWN.get(asked[1].lower()) if asked else None
        if asked and language and (weight := float(asked[2] or 1)):
            found.append((weight, language))
    return max(found, key=lambda each: each[0])[1] if found else None
