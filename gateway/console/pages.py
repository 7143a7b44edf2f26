"""Pages: a template, its words in the reader's language, and what a browser may do with it.

In charge of the headers and of rendering. Not in charge of what is on a page. There is no script,
and nothing from elsewhere; everything that is filled in is escaped.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language: `words("sign_in")`."""

    language: str

    def __call__(self, name: str, /, **values: object) -> str:
        """The text of this name, filled in. Raises KeyError for one that there is not."""
        return _texts()[self.language][name].format(**values)


def page(name: str, words: Words, status: int = 200, **values: Any) -> web.Response:
    """The template of this name as an answer."""
    html = _template(name).render(
        words=words, language=words.language, style=style()[1], **{**_NOBODY, **values}
    )
    return web.Response(
        status=status, text=html, content_type="text/html", charset="utf-8", headers=HEADERS
    )


_NOBODY: Final[Mapping[str, Any]] = {"person": None, "form_token": "", "may_send": False}


@cache
def style() -> tuple[bytes, str]:
    """The stylesheet, and a short name of its content: a browser may keep it under that."""
    content = files("gateway.console").joinpath("style.css").read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def style_answer() -> web.Response:
    """The stylesheet as an answer."""
    headers = {**HEADERS, "Cache-Control": "public, max-age=86400"}
    return web.Response(body=style()[0], content_type="text/css", charset="utf-8", headers=headers)


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    text = files("gateway.console").joinpath("words.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{name}.html")
