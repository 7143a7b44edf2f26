"""The console's rules: which count, which are broken most, and a document to try."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from importlib.resources import files
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from gateway.store.port import Checkpoint, Done
from gateway.store.search import Broken
from gateway.trust.people.roles import Role
from tests.console.office import OURS, Browser, Office, Shown
from tests.contracts.stores import accepted, claimed
from tests.e2e.invoices import submission
from validators.explain import ids

HOSTILE = '"><script>alert(1)</script>{{7*7}}\u202e'
INVOICE = files("validators.examples").joinpath("invoice.xml").read_bytes()
WRONG = re.sub(rb"<cbc:BuyerReference>[^<]*</cbc:BuyerReference>\s*", b"", INVOICE).replace(
    b"<cbc:LineExtensionAmount", b"<cbc:LineExtensionAmount", 1
)


async def attempt(browser: Browser, content: bytes | None = None, **fields: str) -> Shown:
    """Tries a document: as a file, or pasted (`document`)."""
    await browser.get("/console/rules/try")
    assert browser.last is not None
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    form.add_field("form_token", fields.pop("token", browser.last.form_token))
    name = fields.pop("name", "faktura.xml")
    for field, value in fields.items():
        form.add_field(field, value)
    kind = "application/octet-stream"
    form.add_field(
        "file", BytesIO(content or b""), filename=name if content else "", content_type=kind
    )
    return await browser._ask("POST", "/console/rules/try", data=form)


async def everything(office: Office) -> tuple[Any, ...]:
    """What there is in the store that trying a document could add to."""
    return (
        (await office.store.documents(OURS.id)).documents,
        await office.store.counts(office.clock.now()),
        await office.store.audit_head(),
    )


async def test_rule_sets_say_what_counts_when(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    page = await browser.get("/console/rules")
    assert page.status == 200 and "peppol-billing" in page.text
    view = json.loads((await browser.get("/console/rules.json")).text)
    sets = {one["name"]: one for one in view["sets"]}
    billing = sets["peppol-billing"]
    assert billing["rules"] > 1000 and billing["fatal"] <= billing["rules"]
    (change,) = billing["changes"]
    assert change["day"] == "2026-08-17" and change["begin"] and change["end"]
    before = str(office.clock.now().date()) < change["day"]
    assert (billing["until" if before else "since"], change["upcoming"]) == (change["day"], before)
    assert sets["peppol-mls"]["changes"] == []


async def test_the_rules_that_are_broken_most_lead_to_their_documents(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    for rules in (["BR-CO-15", "BR-02"], ["BR-CO-15"], ["GUARD-TOO-LARGE"]):
        await accepted(office.store, company_id=OURS.id)
        broken = [Broken(rule, "fatal") for rule in rules]
        job = await claimed(office.store, office.clock.now())
        await office.store.checkpoint(job, Checkpoint(Done(), broken=broken), office.clock.now())
    page = await browser.get("/console/rules")
    assert "/console/log?q=rule:BR-CO-15%20since:7d" in page.text
    view = json.loads((await browser.get("/console/rules.json?days=30")).text)
    most = view["failing"][0]
    assert (most["id"], most["documents"], view["days"]) == ("BR-CO-15", 2, 30) and most["text"]
    one = json.loads((await browser.get("/console/rules/BR-CO-15.json")).text)
    assert one["documents"] == 2
    office.clock.move(timedelta(days=8))
    await office.operator(browser, "op2@gateway.example")  # the session has ended meanwhile
    assert json.loads((await browser.get("/console/rules.json")).text)["failing"] == []
    assert json.loads((await browser.get("/console/rules.json?days=x")).text)["days"] == 7


@pytest.mark.parametrize(("language", "word"), [("en", "wrong"), ("sv", "fel"), ("nb", "feil")])
async def test_a_rule_is_explained_in_the_readers_language(
    office: Office, browser: Browser, language: str, word: str
) -> None:
    person = await office.operator(browser)
    changed = person.__class__(
        **{**{f: getattr(person, f) for f in person.__slots__}, "language": language}
    )
    assert await office.store.put_person(changed, office.clock.now())
    page = await browser.get("/console/rules/BR-CO-15")
    assert page.status == 200 and f'lang="{language}"' in page.text
    assert word in page.text.lower() and "BT-112" in page.text and "differs" in page.text


async def test_a_rule_is_found_by_its_words_and_a_wrong_id_has_suggestions(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    view = json.loads((await browser.get("/console/rules.json?q=br-co-1")).text)
    assert "BR-CO-15" in [one["id"] for one in view["found"]]
    assert len(json.loads((await browser.get("/console/rules.json?q=b")).text)["found"]) == 100
    page = await browser.get("/console/rules/BR-CO-151")
    assert page.status == 404 and "/console/rules/BR-CO-15" in page.text
    for odd in ("%3Cscript%3E", "x" * 3000, "%00", "BR-CO-15%2F9"):
        page = await browser.get(f"/console/rules/{odd}")
        assert page.status == 404 and "<script>" not in page.text, odd
    assert (await browser.get("/console/rules?q=%01%3Cscript%3E")).status == 200


async def test_rules_that_share_an_id_have_pages_of_their_own(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    shared = [rule for rule in ids() if "/" in rule]
    assert shared
    link = f"/console/rules/{shared[0].replace('/', '%2F')}"
    page = await browser.get(f"/console/rules?q={shared[0]}")
    assert link in page.text
    assert (await browser.get(link)).status == 200


# --- trying -------------------------------------------------------------------------------------


async def test_a_document_that_is_right_is_said_to_be(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    before = await everything(office)
    page = await attempt(browser, INVOICE)
    assert page.status == 200 and "It may be sent." in page.text
    assert "peppol-billing" in page.text
    assert await everything(office) == before


@pytest.mark.parametrize("way", ["file", "pasted"])
async def test_findings_stand_beside_their_lines(
    office: Office, browser: Browser, way: str
) -> None:
    await office.operator(browser)
    before = await everything(office)
    if way == "file":
        page = await attempt(browser, WRONG)
    else:
        page = await attempt(browser, document=WRONG.decode())
        assert "What was pasted" in page.text
    assert page.status == 200 and "It would be rejected." in page.text
    assert "/console/rules/PEPPOL-EN16931-R003" in page.text
    assert re.search(r'class="rules-line rule-fatal"><span class="rules-n">\d+</span>', page.text)
    assert await everything(office) == before


async def test_json_is_tried_too(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    good = json.dumps(submission("T-1"))
    assert "It may be sent." in (await attempt(browser, good.encode(), name="f.json")).text
    bad = submission("T-1")
    bad["invoice"]["lines"][0]["price"]["net"] = "-850.00"
    page = await attempt(browser, document=json.dumps(bad))
    assert "It would be rejected." in page.text and "/invoice/lines/0" in page.text


async def test_the_day_decides_which_rules_count(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    page = await attempt(browser, INVOICE, day="2026-08-16")
    assert "on 2026-08-16" in page.text
    for odd in ("yesterday", "1999-01-01", "2026-13-01", "9999-12-31"):
        page = await attempt(browser, INVOICE, day=odd)
        assert page.status == 422 and "The day is none" in page.text, odd
    assert "It may be sent." in (await attempt(browser, INVOICE, day="")).text


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>'
ODD = {
    "nothing well-formed": b"<Invoice",
    "entities": BOMB,
    "deep": b"<a>" * 5000,
    "bytes": bytes(range(256)) * 20,
    "no text": b"\xff\xfe\x00",
    "zip": b"PK\x03\x04" + b"\0" * 50,
    "pdf": b"%PDF-1.7\n1 0 obj\n",
    "json, deep": b"[" * 5000,
    "json of nothing": b"{}",
    "json of something": b'{"invoice": 7}',
    "numbers": b'{"invoice": {"number": 1e999}}',
    "hostile": f"<a>{HOSTILE.replace('<', '&lt;')}</a>".encode(),
    "one long line": b"<a>" + b"x" * 200_000 + b"</a>",
    "many lines": b"<a>\n" * 20_000,
}


@pytest.mark.parametrize("what", ODD)
async def test_whatever_is_tried_the_page_says_what_is_wrong(
    office: Office, browser: Browser, what: str
) -> None:
    await office.operator(browser)
    page = await attempt(browser, ODD[what], name=f"{HOSTILE}.xml")
    assert page.status == 200 and "It would be rejected." in page.text
    assert "<script>alert" not in page.text
    assert len(page.text) < 600_000


async def test_nothing_and_too_much_are_said(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    page = await attempt(browser)
    assert page.status == 422 and "Choose a file or paste a document." in page.text
    page = await attempt(browser, document="  \n ")
    assert page.status == 422
    page = await attempt(browser, b"<a>" + b" " * (2 * 1024 * 1024))
    assert page.status == 413


async def test_a_form_that_is_not_ours_is_not_read(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    assert (await attempt(browser, INVOICE, token="0" * 64)).status == 403


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.OPERATOR}))
async def test_rules_are_for_operators_alone(office: Office, browser: Browser, role: Role) -> None:
    await office.person(role=role)
    await browser.sign_in("anna@byran.example")
    for path in ("", ".json", "/try", "/BR-CO-15", "/BR-CO-15.json"):
        assert (await browser.get(f"/console/rules{path}")).status == 403, path


async def test_several_try_at_once(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    pages = await asyncio.gather(*(attempt(browser, INVOICE) for _ in range(4)))
    assert {page.status for page in pages} == {200}
