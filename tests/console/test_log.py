"""The log: documents are found, spread, saved, ticked and taken along, by operators."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from gateway.console.log.saved import MOST
from gateway.lifecycle import State
from gateway.store.port import Company
from tests.console.office import ACCOUNT, OURS, THEIRS, Browser, Office, Shown
from tests.console.paperwork import come_in, sent_in

XSS = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}"
UNIT = Company("com_unit", "Enheten", "SE", (), {}, ACCOUNT.id)


async def twin(browser: Browser, query: str = "", after: str = "") -> dict[str, Any]:
    more = f"&after={quote(after)}" if after else ""
    page = await browser.get(f"/console/log.json?q={quote(query)}{more}")
    assert page.status in (200, 422), page.text
    said: dict[str, Any] = json.loads(page.text)
    return said


async def found(browser: Browser, query: str) -> list[str]:
    return [row["document_id"] for row in (await twin(browser, query))["rows"]]


def links(page: Shown, begin: str) -> list[str]:
    every = map(unescape, re.findall(r'href="([^"]+)"', page.text))
    return [one for one in every if one.startswith(begin)]


async def test_documents_are_found_by_what_people_know_of_them(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    failed = await sent_in(
        office,
        State.FAILED,
        code="email.bounced",
        number="A-1001",
        recipient_name="Kund & Söner AB",
        recipient="0007:5567321707",
        amount_due=Decimal("1250.50"),
        currency="SEK",
    )
    theirs = await sent_in(office, State.DELIVERED, THEIRS.id, channel="peppol", number="B-2")
    came = await come_in(office)
    new = await sent_in(office)
    assert await found(browser, "") == [new, came, theirs, failed]
    for query, ids in {
        "state:failed": [failed],
        "state:failed,received": [new, failed],
        "direction:in": [came],
        "direction:out channel:peppol": [theirs],
        "company:fjord": [theirs],
        f"company:{OURS.id} direction:out": [new, failed],
        "code:email.": [failed],
        "number:a-1001": [failed],
        "party:0007:5567321707": [failed],
        "party:556732-1707": [failed],
        "söner": [failed],
        "A-10": [failed],
        failed: [failed],
        "inbox:new": [came],
        "since:today state:failed": [failed],
        "until:yesterday": [],
        "kind:credit_note": [],
        "company:nobody": [],
        '"state:failed"': [],
    }.items():
        assert await found(browser, query) == ids, query
    page = await browser.get("/console/log?q=state:failed")
    row = page.text[page.text.index("<tr data-row>") :]
    for shown in ("A-1001", "Kund &amp; Söner AB", "1\u202f250.50&nbsp;SEK", "A reason.", "email"):
        assert shown in row, shown
    assert f'href="/console/documents/{OURS.id}/{failed}"' in row


async def test_what_can_not_be_read_is_told_and_the_rest_is_found(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    failed = await sent_in(office, State.FAILED)
    await sent_in(office)
    query = "state:failed,fald colour:red since:soon company:nobody"
    said = await twin(browser, query)
    assert [fault["what"] for fault in said["faults"]] == ["one_of", "word", "time", "company"]
    assert said["rows"] == []  # nobody's
    said = await twin(browser, "state:failed,fald colour:red")
    assert [row["document_id"] for row in said["rows"]] == [failed]
    page = await browser.get(f"/console/log?q={quote('state:failed,fald colour:red')}")
    assert page.status == 200
    assert 'value="state:failed,fald colour:red"' in page.text  # to be mended
    assert "fald is none of the values" in page.text and "Expected: failed, held" in page.text
    assert page.text.index("colour: is no word") < page.text.index("<tbody")


@pytest.mark.parametrize(
    "query",
    [
        *(
            "\ud800",
            "'; DROP TABLE document; --",
            "%",
            "_",
            "\\",
            '"',
            'number:"',
            ":" * 50,
        ),
        *("number:" + "9" * 300, "x " * 2000, "since:9999d", "until:2099-12-31", "party:\u202e"),
        *(
            "state:",
            "state:,,,",
            "company:%",
            "rule:%27",
            "{{7*7}}",
            "\N{OLD TURKIC LETTER ORKHON A}",
        ),
    ],
)
async def test_whatever_is_typed_is_answered(office: Office, browser: Browser, query: str) -> None:
    await office.operator(browser)
    await sent_in(office, State.FAILED)
    text = quote(query, errors="surrogatepass")
    for path in ("log", "log.json", "suggestions", "unsent", "sent"):
        assert (await browser.get(f"/console/{path}?q={text}")).status == 200, path
    assert (await browser.get(f"/console/log/csv?q={text}")).status in (200, 422)


async def test_facets_narrow_and_take_back(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    for number in range(3):
        await sent_in(office, State.FAILED, number=f"A-{number}")
    await sent_in(office, State.DELIVERED, THEIRS.id, channel="peppol")
    said = await twin(browser)
    counted = {
        facet["word"]: {value["label"]: value["count"] for value in facet["values"]}
        for facet in said["facets"]
    }
    assert counted["state"] == {"failed": 3, "delivered": 1}
    assert counted["channel"] == {"email": 3, "peppol": 1}
    assert counted["company"] == {OURS.name: 3, THEIRS.name: 1}
    assert (said["counted"], said["whole"]) == (4, True)
    page = await browser.get("/console/log")
    narrower = next(one for one in links(page, "/console/log?q=channel") if "peppol" in one)
    page = await browser.get(narrower)
    assert page.text.count("<tr data-row>") == 1
    assert "/console/log?q=" in links(page, "/console/log?q=")


async def test_pages_follow_each_other_while_documents_come_in(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    ids = [await sent_in(office, State.FAILED, number=f"A-{n}") for n in range(53)]
    first = await browser.get("/console/log?q=state:failed")
    assert first.text.count("<tr data-row>") == 50 and "data-live-from" in first.text
    await sent_in(office, State.FAILED)
    (next_page,) = links(first, "/console/log?q=state%3Afailed&after=")
    second = await browser.get(next_page)
    shown = re.findall(r'name="row" value="[^/"]+/([^"]+)"', second.text)
    assert shown == ids[2::-1]
    assert "data-live-from" not in second.text and "To the first" in second.text
    astray = await browser.get("/console/log?q=state:failed&after=made-up")
    assert astray.status == 200 and "This is the first" in astray.text
    assert astray.text.count("<tr data-row>") == 50


async def test_a_search_is_saved_for_oneself(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await browser.get("/console/log")
    name = "Måndag <b>&\"'"
    page = await browser.post("/console/log/saved", q="since:7d  STATE:failed", name=f" {name}\t")
    assert page.status == 200 and "The search is saved." in page.text and "<b>" not in page.text
    kept = [{"name": name, "query": "state:failed since:7d"}]
    assert (await twin(browser))["saved"] == kept
    async with office.browser() as other:
        await office.operator(other, "bo@gateway.example")
        assert (await twin(other))["saved"] == []
        await other.get("/console/log")
        page = await other.post("/console/log/saved/forget", q="", name=name)
        assert page.status == 200
    assert (await twin(browser))["saved"] == kept
    await browser.get("/console/log")
    page = await browser.post("/console/log/saved/forget", q="x", name=name)
    assert page.url.query["done"] == "forgotten" and page.url.query["q"] == "x"
    assert (await twin(browser))["saved"] == []


async def test_a_search_that_can_not_be_saved_says_why(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    for name, why in ((" \t", "give the search a name"), ("n" * 61, "too long")):
        await browser.get("/console/log")
        page = await browser.post("/console/log/saved", q="state:failed", name=name)
        assert page.status == 422 and why in page.text
        assert 'value="state:failed"' in page.text
    for n in range(MOST):
        await browser.get("/console/log")
        assert (await browser.post("/console/log/saved", q="x", name=f"{n}")).status == 200
    await browser.get("/console/log")
    assert "Delete one first" in (await browser.post("/console/log/saved", q="x", name="more")).text
    again = await browser.post("/console/log/saved", q="y", name="7")
    assert again.status == 200
    queries = {one["name"]: one["query"] for one in (await twin(browser))["saved"]}
    assert len(queries) == MOST and queries["7"] == "y"


async def test_ticked_rows_go_to_where_it_is_decided(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    failed = await sent_in(office, State.FAILED)
    page = await browser.get("/console/log?q=state:failed")
    form = page.text[page.text.index('<form method="post" action="/console/act">') :]
    assert f'name="row" value="{OURS.id}/{failed}"' in form
    assert 'name="back" value="/console/log?q=state%3Afailed"' in form
    verbs = re.findall(r'name="verb" value="(\w+)"', form)
    assert verbs == ["hold", "release", "retry", "reroute", "letter", "resend", "cancel"]


async def test_what_was_found_is_taken_along(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await sent_in(
        office, State.FAILED, number="=1+1", recipient_name=XSS, amount_due=Decimal("-2.50")
    )
    await sent_in(office)
    page = await browser.get("/console/log/csv?q=state:failed")
    assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.headers["Content-Disposition"].startswith('attachment; filename="documents-')
    head, line = csv.reader(io.StringIO(page.text.removeprefix("\ufeff")))
    row = dict(zip(head, line, strict=True))
    assert (row["Number"], row["Amount"], row["State"]) == ("'=1+1", "-2.50", "failed")
    half = await browser.get("/console/log/csv?q=state:failed,fald")
    assert half.status == 422 and "fald is none" in half.text


async def test_suggestions_come_from_what_there_is(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await sent_in(office, State.FAILED, number="A-1001", recipient_name="Kund AB")
    for typed, expected in {
        "state:fai": "state:failed",
        "company:norr": 'company:"Norrsken Papper AB"',
        "x number:a-10": "x number:A-1001",
        "sta": "state:",
    }.items():
        said = json.loads((await browser.get(f"/console/suggestions?q={quote(typed)}")).text)
        assert expected in said, (typed, said)


async def test_what_stands_in_a_row_is_no_markup(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await sent_in(
        office,
        State.FAILED,
        text=XSS,
        code="x" + XSS,
        channel=XSS,
        number=XSS,
        kind=XSS,
        recipient_name=XSS,
        sender_name=XSS,
        currency=XSS,
        amount_due=Decimal(1),
    )
    await office.store.add_company(
        Company("com_xss", XSS, "SE", (), {}, ACCOUNT.id), office.clock.now()
    )
    await sent_in(office, State.REJECTED, "com_xss")
    for path in ("log", "unsent", "sent", f"log?q={quote(XSS)}", "log?q=company:com_xss"):
        page = await browser.get(f"/console/{path}")
        assert page.status == 200
        assert "<script>alert" not in page.text and "<img" not in page.text


# --- for operators alone ------------------------------------------------------------------------


async def test_nobody_else_comes_here(office: Office, browser: Browser) -> None:
    assert (await browser.get("/console/log")).url.path == "/console/sign-in"
    await office.person()
    await browser.sign_in("anna@byran.example")
    for path in ("log", "log.json", "log/csv"):
        assert (await browser.get(f"/console/{path}")).status == 403
    await browser.get("/console/profile")
    for path in ("log/saved", "log/saved/forget"):
        assert (await browser.post(f"/console/{path}", q="", name="x")).status == 403
    assert 'href="/console/log"' not in (await browser.get("/console/profile")).text


async def test_the_head_of_a_page_leads_straight_to_the_one_that_is_meant(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    one = await sent_in(office, State.FAILED, number="A-1001")
    await sent_in(office, State.FAILED, number="B-2001")
    await sent_in(office, State.FAILED, number="B-2002")
    page = await browser.get("/console/find?q=A-1001")
    assert page.url.path == f"/console/documents/{OURS.id}/{one}"
    several = await browser.get("/console/find?q=B-200")
    assert (several.url.path, several.url.query["q"]) == ("/console/log", "B-200")
    for text in ("", "nothing here", "state:nowhere", "//evil.example", "\\r\\nSet-Cookie: a=b"):
        page = await browser.get(f"/console/find?q={quote(text)}")
        assert page.url.path == "/console/log" and page.status in (200, 422)
