"""One file from an address that a tenant named: redirects, parts, limits, and what went wrong.

In charge of what the answers mean. Not in charge of whom may be asked (`gateway.outside.client`),
of where the bytes go (`gateway.blobs.partial`), nor of when it is tried again.

What came before is gone on with where the server can say that the file is the same: the range is
asked for under the condition of its strong entity tag (RFC 9110, 13.1.5, 14.2). Whatever does not
fit begins the file anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from yarl import URL

from gateway.outside.client import NoAnswer, Outside, Reading
from gateway.outside.retry_after import retry_after

MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# What may pass: a lock, too many requests, and whatever is the server's own fault.
_MAY_PASS: Final = frozenset({408, 421, 423, 425, 429})

# Headers that are kept as evidence. None of them is a secret, and no other is needed.
KEPT_HEADERS: Final = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Date",
    "ETag",
    "Last-Modified",
    "Retry-After",
    "Server",
)


class Sink(Protocol):
    """Where the bytes go: `gateway.blobs.partial.Partial`."""

    size: int  # of what has come so far
    about: Mapping[str, Any]  # what `begin` was told of it

    async def begin(self, about: Mapping[str, Any]) -> None:
        """Begins anew with this version of the file."""
        ...

    async def write(self, content: bytes) -> None:
        """Takes the next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Got:
    """The file came, to its end. `url` is where it was in the end, and is as secret as the one that
    was asked; `since` is how many bytes an earlier try had brought."""

    url: str
    status: int
    headers: Mapping[str, str]
    since: int = 0


@dataclass(frozen=True, slots=True)
class NotGot:
    """It did not. `for_good`: no later try mends that; `asked`: how long the server wants to be
    left alone. The text is for whoever named the address."""

    code: str
    text: str
    for_good: bool = False
    asked: timedelta | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `known`: a hash will tell whether it is whole, if the server does not."""

    url: str
    most_bytes: int
    known: bool = False


class _Anew:
    """What came does not go with what an earlier try had brought."""


async def download(outside: Outside, wanted: Wanted, sink: Sink, now: datetime) -> Got | NotGot:
    """Gets the file, or what is left of it, into the sink. Whatever happens outside, it does not
    raise; what the sink raises it does."""
    found = await _followed(outside, wanted, sink, now)
    if isinstance(found, _Anew):
        await sink.begin({})
        found = await _followed(outside, wanted, sink, now)
    assert not isinstance(found, _Anew), "nothing was there to go with"
    return found


async def _followed(
    outside: Outside, wanted: Wanted, sink: Sink, now: datetime
) -> Got | NotGot | _Anew:
    url, headers = wanted.url, {"Accept": "*/*"}
    tag = sink.about.get("etag")
    since = sink.size if tag else 0
    if tag and since:
        headers |= {"Range": f"bytes={since}-", "If-Range": tag}
    for _ in range(MOST_REDIRECTS + 1):
        async with outside.reading(url, headers=headers) as answer:
            if isinstance(answer, NoAnswer):
                return _no_answer(answer)
            if answer.status not in _REDIRECTS or "Location" not in answer.headers:
                return await _Taking(wanted, url, answer, sink, since).all(now)
            there = _joined(url, answer.headers["Location"])
            if there is None:
                return NotGot(
                    "attachment.redirected",
                    "The server leads on to what is no address.",
                    for_good=True,
                    status=answer.status,
                )
            url = there
    return NotGot(
        "attachment.redirected",
        f"The server leads on from address to address, more than {MOST_REDIRECTS} times.",
        for_good=True,
    )


def _joined(url: str, location: str) -> str | None:
    """Where a redirect leads; it is looked at as the first address was, when it is asked."""
    try:
        return str(URL(url).join(URL(location)).with_fragment(None))
    except ValueError:
        return None


class _Taking:
    """The bytes of one answer on their way into the sink."""

    def __init__(self, wanted: Wanted, url: str, answer: Reading, sink: Sink, since: int) -> None:
        self._wanted = wanted
        self._url = url
        self._answer = answer
        self._headers = answer.headers
        self._sink = sink
        self._since = since

    async def all(self, now: datetime) -> Got | NotGot | _Anew:
        """Takes them, as far as they come."""
        status, source = self._answer.status, _source(self._url)
        if status == 206 and self._since:
            if self._sink.about.get("source") != source or not self._goes_on():
                return _Anew()
        elif status == 416 and self._since:
            return _Anew()
        elif status != 200:
            return self._refused(now)
        if self._headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            return self._not(
                "attachment.compressed",
                "The server sends the file compressed, though it was asked not to.",
            )
        if status == 200:
            self._since = 0
            await self._sink.begin({"etag": _strong(self._headers), "source": source})
        total = self._total()
        if total is None and not self._wanted.known and not self._chunked():
            return self._not(
                "attachment.no_length",
                "The server does not say how long the file is, so that nobody could tell whether"
                " all of it came. State its `sha256`, or hand the file in yourself.",
            )
        if total is not None and total > self._wanted.most_bytes:
            return self._too_large()
        return await self._bytes(total)

    async def _bytes(self, total: int | None) -> Got | NotGot:
        async for chunk in self._answer.chunks():
            if isinstance(chunk, NoAnswer):
                return _no_answer(chunk, cut_off=True)
            if self._sink.size + len(chunk) > self._wanted.most_bytes:
                return self._too_large()
            await self._sink.write(chunk)
        if total is not None and self._sink.size != total:
            return _CUT_OFF
        if not self._sink.size:
            return self._not("attachment.empty", "The file is empty.")
        return Got(self._url, self._answer.status, _kept(self._headers), self._since)

    def _goes_on(self) -> bool:
        """Whether a part (206) is the one that was asked for, of the same version of the file."""
        found = _RANGE.fullmatch(self._headers.get("Content-Range", ""))
        tag = self._headers.get("ETag", self._sink.about["etag"])
        return found is not None and int(found[1]) == self._since and self._same(tag)

    def _same(self, tag: str) -> bool:
        return bool(tag == self._sink.about["etag"])

    def _total(self) -> int | None:
        """The size of the whole file, as far as the server says it."""
        if self._answer.status == 206:
            found = _RANGE.fullmatch(self._headers["Content-Range"])
            assert found is not None, "looked at before"
            return int(found[3])
        length = self._headers.get("Content-Length", "")
        return int(length) if re.fullmatch("[0-9]{1,18}", length) else None

    def _chunked(self) -> bool:
        """Whether the end is told by the transfer coding."""
        return "chunked" in self._headers.get("Transfer-Encoding", "").lower()

    def _refused(self, now: datetime) -> NotGot:
        status = self._answer.status
        if status in _MAY_PASS or status >= 500:
            text = f"The server could not give the file just then ({status})."
            found = self._not("attachment.server_error", text)
            return replace(found, for_good=False, asked=retry_after(self._headers, now))
        code, text = _REFUSED.get(status, ("refused", "The server did not answer with the file"))
        return self._not(f"attachment.{code}", f"{text} ({status}).")

    def _too_large(self) -> NotGot:
        most = self._wanted.most_bytes
        return self._not(
            "attachment.too_large",
            f"The file is larger than the {most} bytes that are left for it.",
        )

    def _not(self, code: str, text: str) -> NotGot:
        status, headers = self._answer.status, _kept(self._headers)
        return NotGot(code, text, for_good=True, status=status, headers=headers)


_DENIED = ("denied", "The server does not let us have the file")
_REFUSED: Final = {
    401: _DENIED,
    403: _DENIED,
    404: ("not_found", "The server has no such file"),
    407: _DENIED,
    410: ("gone", "The server says that the file is gone"),
}
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_CUT_OFF = NotGot("attachment.cut_off", "The connection broke off before all of the file had come.")


def _no_answer(answer: NoAnswer, *, cut_off: bool = False) -> NotGot:
    if cut_off and answer.code != "outside.timeout":
        return _CUT_OFF
    code = f"attachment.{answer.code.partition('.')[2]}"
    return NotGot(code, answer.text, for_good=answer.code == "outside.forbidden")


def _source(url: str) -> str:
    """The address without its query, which may be signed anew each time."""
    parsed = URL(url)
    return str(parsed.with_query(None).with_user(None))


def _strong(headers: Mapping[str, str]) -> str | None:
    """The entity tag, where it vouches for every byte."""
    tag = headers.get("ETag", "")
    return tag if re.fullmatch(r'"[\x21\x23-\x7e]{0,200}"', tag) else None


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name][:500] for name in KEPT_HEADERS if name in headers}
