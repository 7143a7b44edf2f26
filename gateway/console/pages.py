"""Pages: a template, its words in the reader's language, and what a browser may do with it.

In charge of the headers, of rendering, and of the twin that programs read. Not in charge of what is
on a page. Nothing comes from elsewhere, the one script is a file of ours that every page works
without, and everything that is filled in is escaped.
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
from markupsafe import Markup
from pydantic_core import to_json

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self';"
        " img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
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

    def has(self, name: str) -> bool:
        """Whether there is a text of this name: what it is made of may come from elsewhere."""
        return name in _texts()[self.language]


def page(name: str, words: Words, status: int = 200, **values: Any) -> web.Response:
    """The template of this name as an answer."""
    html = _template(name).render(
        words=words,
        language=words.language,
        style=style().name,
        script=script().name,
        **{**_NOBODY, **values},
    )
    return web.Response(
        status=status, text=html, content_type="text/html", charset="utf-8", headers=HEADERS
    )


def fragment(name: str, words: Words, **values: Any) -> Markup:
    """A part of a page that is the same for all who read this language: drawn once, it may be
    shown on many pages. What is filled in is escaped, as on a page."""
    return Markup(_template(name).render(words=words, language=words.language, **values))  # noqa: S704


_NOBODY: Final[Mapping[str, Any]] = {
    "person": None,
    "form_token": "",
    "may_send": False,
    "is_operator": False,
    "menu": (),
    "live": False,
    "twin": "",
}


def twin(view: Any, status: int = 200) -> web.Response:
    """What a page shows, for programs: the same names and values, as JSON."""
    body = to_json(view, indent=2)
    return web.Response(status=status, body=body, content_type="application/json", headers=HEADERS)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of ours that pages name. A browser may keep it under `name`, a hash of its content."""

    content: bytes
    media_type: str
    name: str

    def answer(self) -> web.Response:
        """As an answer."""
        headers = {**HEADERS, "Cache-Control": "public, max-age=86400"}
        return web.Response(
            body=self.content, content_type=self.media_type, charset="utf-8", headers=headers
        )


@cache
def style() -> Asset:
    """The stylesheet: `base.css` first, then one of each section, by name."""
    found = sorted(_files("style", ".css"), key=lambda one: (one[0] != "base.css", one[0]))
    return _asset(b"\n".join(content for _, content in found), "text/css")


@cache
def script() -> Asset:
    """The script."""
    content = files("gateway.console").joinpath("script.js").read_bytes()
    return _asset(content, "text/javascript")


def _asset(content: bytes, media_type: str) -> Asset:
    return Asset(content, media_type, hashlib.sha256(content).hexdigest()[:12])


def _files(folder: str, ending: str) -> list[tuple[str, bytes]]:
    found = files("gateway.console").joinpath(folder).iterdir()
    return [(one.name, one.read_bytes()) for one in found if one.name.endswith(ending)]


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    """By language, of every file in `words`. Raises ValueError where two say the same name."""
    texts: dict[str, dict[str, str]] = {}
    for file, content in sorted(_files("words", ".toml")):
        for language, said in tomllib.loads(content.decode()).items():
            known = texts.setdefault(language, {})
            if again := known.keys() & said.keys():
                raise ValueError(f"{file} says {', '.join(sorted(again))} again in {language}")
            known |= said
    return texts


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # the words are read once: both stay as they were at the start
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{name}.html")
