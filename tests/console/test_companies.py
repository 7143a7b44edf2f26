"""Companies, as operators see them: found, looked at, verified, published; and who may not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from gateway.audit.chain import NewEntry
from gateway.company_settings import TABLE
from gateway.console import pages
from gateway.console.companies.listing import PAGE, matches, ordered, page
from gateway.console.companies.section import DONE
from gateway.console.companies.verification import Acts, who_acts
from gateway.lifecycle import State, change
from gateway.registration.states import ParticipantState
from gateway.store.port import Company
from gateway.trust.people.roles import Role
from gateway.trust.signing.port import Signatory
from gateway.trust.verification.states import Asking, Standing
from tests.api.conftest import AT
from tests.console.firms import SISTER, TRADER, WHY, acted, open_firms, person, place, told
from tests.console.office import OURS, THEIRS, Browser, Office
from tests.contracts.stores import submission

TABS = ("", "agreements", "keys", "people", "settings", "usage", "webhooks", "notices")
SEEN = {"who": "Åsa Öst, managing director", "seen": "extract of 2 November, passport"}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_firms(tmp_path / "data") as opened:
        yield opened


# --- pure ---------------------------------------------------------------------------------------


def test_every_state_and_setting_has_its_words() -> None:
    words = pages._texts()["en"].keys()
    named = {
        *(f"standing_{one}" for one in Standing),
        *(f"says_{one}" for one in Standing),
        *(f"asking_says_{one}" for one in Asking if one is not Asking.NONE),
        *(f"acts_{one}" for one in Acts),
        *(f"participant_{one}" for one in ParticipantState),
        *(f"setting_{one}" for one in TABLE),
        *(f"means_{one}" for one in TABLE),
        *(f"done_{one}" for one in DONE),
    }
    assert {f"companies_{one}" for one in named} <= words


@pytest.mark.parametrize(
    ("required", "standing", "asking", "acts"),
    [
        (True, Standing.UNVERIFIED, Asking.NONE, Acts.COMPANY),
        (True, Standing.UNVERIFIED, Asking.WANTED, Acts.GATEWAY),
        (True, Standing.UNVERIFIED, Asking.ASKED, Acts.SIGNATORY),
        (True, Standing.UNVERIFIED, Asking.SIGNED, Acts.OPERATOR),
        (True, Standing.UNVERIFIED, Asking.DECLINED, Acts.COMPANY),
        (True, Standing.VERIFIED, Asking.SIGNED, Acts.NOBODY),
        (True, Standing.RECHECK_DUE, Asking.NONE, Acts.COMPANY),
        (True, Standing.RECHECK_DUE, Asking.ASKED, Acts.SIGNATORY),
        (True, Standing.LAPSED, Asking.EXPIRED, Acts.COMPANY),
        (True, Standing.REVOKED, Asking.NONE, Acts.OPERATOR),
        (False, Standing.UNVERIFIED, Asking.NONE, Acts.NOBODY),
    ],
)
def test_who_must_act(required: bool, standing: Standing, asking: Asking, acts: Acts) -> None:
    assert who_acts(required, standing, asking) is acts


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("norrsken", True),
        ("PAPPER norr", True),
        ("556000-0019", True),
        ("SE5560000019", True),
        ("0007:5560000019", True),
        ("com_ours", True),
        ("norrsken as", False),
        ("", True),
    ],
)
def test_a_company_is_found_by_what_people_know_of_it(query: str, fits: bool) -> None:
    assert matches(OURS, query.casefold().split()) is fits


def test_pages_come_one_after_another() -> None:
    every = ordered([Company(f"c{n}", f"{n:03}", "SE", (), {}) for n in range(2 * PAGE + 1)])
    first, after = page(every, "")
    second, after_second = page(every, after)
    last, end = page(every, after_second)
    assert [*first, *second, *last] == every and end == ""
    assert page(every, "gone")[0] == first


# --- the list -----------------------------------------------------------------------------------


async def test_operators_find_companies(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    every = await browser.get("/console/companies")
    assert every.status == 200
    for company in (OURS, THEIRS, SISTER, TRADER):
        assert company.name in every.text
    assert "8507099805" not in every.text  # a person's number
    found = await browser.get("/console/companies?q=918130047")
    assert THEIRS.name in found.text and OURS.name not in found.text
    none = await browser.get("/console/companies?q=%3Cscript%3E&standing=nonsense")
    assert "No company fits" in none.text and "<script>" not in none.text
    twin = await browser.session.get(f"{browser.url}/console/companies.json?q=norrsken")
    rows = (await twin.json())["companies"]
    assert [row["id"] for row in rows] == [OURS.id]
    assert rows[0]["standing"] == "unverified" and rows[0]["account"] == "Byrån"


async def test_the_list_says_whose_documents_need_somebody(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    for _ in range(2):
        document = submission(OURS.id)
        await office.store.accept(document, AT)
        held = change(State.RECEIVED, State.HELD, code="operator.held", text="Held.")
        await office.store.act(
            *(OURS.id, document.document_id, held, AT), version=1, job=None, events=[]
        )
    shown = await browser.get("/console/companies")
    assert shown.text.count('class="troubled"') == 1 and "2 held or failed" in shown.text
    assert f"company:{OURS.id}%20state:held%20state:failed" in shown.text


async def test_the_list_goes_on_where_it_ended(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    for n in range(PAGE):
        await office.store.add_company(Company(f"com_{n}", f"Bolag {n:02}", "SE", (), {}), AT)
    first = await browser.get("/console/companies?q=bolag")
    assert 'rel="next"' not in first.text
    await office.store.add_company(Company("com_more", "Bolag 99", "SE", (), {}), AT)
    first = await browser.get("/console/companies?q=bolag")
    assert "Bolag 99" not in first.text and "after=com_49" in first.text
    second = await browser.get("/console/companies?q=bolag&after=com_49")
    assert "Bolag 99" in second.text and "Bolag 48" not in second.text


async def test_companies_that_are_not_verified_are_found_by_it(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    await acted(browser, "overview", "verify", version="0", **SEEN)
    verified = await browser.get("/console/companies?standing=verified")
    others = await browser.get("/console/companies?standing=unverified")
    assert OURS.name in verified.text and THEIRS.name not in verified.text
    assert OURS.name not in others.text and THEIRS.name in others.text


# --- who may see what ---------------------------------------------------------------------------


async def test_every_tab_has_a_twin_and_no_personal_number(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    for tab, company in product(TABS, (OURS, TRADER)):
        shown = await browser.get(place(tab, company))
        assert shown.status == 200, shown.text
        assert shown.text.count("<h1>") == 1 and "8507099805" not in shown.text
        twin = await browser.get(f"{place(tab, company)}.json")
        assert twin.status == 200 and "8507099805" not in twin.text
        assert twin.headers["Content-Type"].startswith("application/json")


async def test_a_company_that_is_not_there_has_no_page(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    for tab in TABS:
        for id_ in ("com_nobody", "%00", "x" * 200, "%ED%A0%80"):
            path = f"/console/companies/{id_}"
            page = await browser.get(f"{path}/{tab}" if tab else path)
            assert page.status == 404


async def test_companies_people_do_not_see_the_operators_pages(
    office: Office, browser: Browser
) -> None:
    await person(office, browser, Role.ADMINISTRATOR)
    assert (await browser.get("/console/companies")).status == 403
    assert (await browser.get(place())).status == 403
    assert (await browser.post(f"{place()}/overview/verify", reason=WHY, **SEEN)).status == 403
    assert await office.store.verification(OURS.id) is None


# --- verification -------------------------------------------------------------------------------


async def test_an_operator_verifies_by_hand(office: Office, browser: Browser) -> None:
    operator = await office.operator(browser)
    shown = await browser.get(place())
    assert "Not verified" in shown.text and "It neither sends nor receives." in shown.text
    done = await acted(browser, "overview", "verify", version="0", **SEEN)
    assert done.status == 200 and "The company is verified." in done.text
    assert "It sends and receives." in done.text
    row = await office.store.verification(OURS.id)
    assert row is not None and row.standing is Standing.VERIFIED
    entry = await told(office, "company.verified")
    assert entry.actor == f"person:{operator.id}"
    assert WHY not in entry.data and "Åsa" not in entry.data  # in the record, sealed
    twice = await browser.post(f"{place()}/overview/verify", version="0", reason=WHY, **SEEN)
    assert twice.status == 422 and "changed meanwhile" in twice.text
    assert len(await office.store.identity_records(OURS.id)) == 1
    office.clock.move(timedelta(hours=-1))
    renewed = await acted(browser, "overview", "verify", version=str(row.version), **SEEN)
    assert renewed.status == 200
    assert len(await office.store.identity_records(OURS.id)) == 2


async def test_a_verification_that_says_too_little_is_none(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    for fields, says in (
        ({"who": " "}, "Say who acts for the company."),
        ({"seen": ""}, "Say what you have seen."),
        ({"reason": "  "}, "Say why you do it. Nothing was changed."),
        ({"version": ""}, "It was changed meanwhile."),
        ({"version": "7"}, "It was changed meanwhile."),
    ):
        given = {"version": "0", **SEEN, **fields}
        answer = await acted(browser, "overview", "verify", **given)
        assert answer.status == 422 and says in answer.text
        for name in given.keys() - fields.keys() - {"version"}:
            assert f'value="{given[name]}"' in answer.text  # nothing has to be written twice
    assert await office.store.verification(OURS.id) is None


async def test_the_gate_is_closed_with_a_reason_that_the_company_reads(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    await acted(browser, "overview", "verify", version="0", **SEEN)
    closed = await acted(browser, "overview", "revoke", version="1", reason="<b>False papers</b>")
    assert "The gate is closed for the company." in closed.text
    assert "False papers" in (await told(office, "company.revoked")).data
    assert "&lt;b&gt;False papers&lt;/b&gt;" in closed.text and "<b>False" not in closed.text
    again = await acted(browser, "overview", "revoke", version="2")
    assert again.status == 422 and "revoked already" in again.text
    asked = await acted(browser, "overview", "ask", name="Åsa", email="asa@b.example")
    assert asked.status == 422 and "only the operator opens it" in asked.text


async def test_somebody_is_invited_to_sign_and_it_is_taken_back(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    wrong = await acted(browser, "overview", "ask", name=" ", email="no address")
    assert wrong.status == 422 and "not one that mail can be sent to" in wrong.text
    assert "Give a name" in wrong.text
    who = {"name": "Åsa Öst", "email": "asa@fjarden.example", "language": "sv"}
    asked = await acted(browser, "overview", "ask", **who)
    assert "asa@fjarden.example" in asked.text and "on its way" in asked.text
    assert WHY in (await told(office, "company.asked")).data
    assert "2 times" in (await acted(browser, "overview", "resend")).text
    for verb in ("ask", "resend", "forward", "cancel"):  # sent twice
        twice = await acted(browser, "overview", verb, version="1", **who)
        assert twice.status == 422 and "changed meanwhile" in twice.text
    forwarded = await acted(browser, "overview", "forward", name="Nils", email="n@b.example")
    assert "n@b.example" in forwarded.text
    assert "taken back" in (await acted(browser, "overview", "cancel")).text
    nothing = await acted(browser, "overview", "cancel")
    assert nothing.status == 422 and "Nothing waits to be signed" in nothing.text


# --- participants -------------------------------------------------------------------------------


async def test_a_participant_is_published_once_the_company_is_verified(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    which = {"of": "0", "participant": OURS.participants[0]}
    closed = await acted(browser, "overview", "publish", takes="invoice", **which)
    assert closed.status == 422 and "once it is" in closed.text
    await acted(browser, "overview", "verify", version="0", **SEEN)
    nothing = await acted(browser, "overview", "publish", **which)
    assert nothing.status == 422 and "Tick at least one kind" in nothing.text
    published = await acted(browser, "overview", "publish", takes="invoice", **which)
    assert "Being registered" in published.text
    row = await office.store.registration(OURS.id, OURS.participants[0])
    assert row is not None and row.offer["takes"] == ["invoice"]
    assert WHY in (await told(office, "participant.wanted")).data
    gone = await acted(browser, "overview", "withdraw", **which)
    assert "Being withdrawn" in gone.text


async def test_a_participant_that_is_not_there_is_not_touched(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    ours, theirs = OURS.participants[0], THEIRS.participants[0]
    for which in (
        {"of": "1", "participant": ours},
        {"of": "x", "participant": ours},
        {"of": "0", "participant": theirs},
        {},
    ):
        for verb in ("publish", "withdraw"):
            answer = await acted(browser, "overview", verb, takes="invoice", **which)
            assert answer.status == 404


async def test_a_persons_number_is_published_without_being_shown(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    await acted(browser, "overview", "verify", company=TRADER, version="0", **SEEN)
    which = {"of": "0", "participant": "0007:******9805"}
    done = await acted(browser, "overview", "publish", company=TRADER, takes="invoice", **which)
    assert done.status == 200 and "8507099805" not in done.text
    assert await office.store.registration(TRADER.id, TRADER.participants[0]) is not None


async def test_without_a_publisher_nothing_is_published(tmp_path: Path) -> None:
    async with open_firms(tmp_path / "data", publisher=False) as office, office.browser() as one:
        await office.operator(one)
        which = {"of": "0", "participant": OURS.participants[0]}
        for verb in ("publish", "withdraw"):
            answer = await acted(one, "overview", verb, takes="invoice", **which)
            assert answer.status == 422 and "No publisher is set up" in answer.text


# --- around it ----------------------------------------------------------------------------------


async def test_a_legal_hold_is_let_go(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    document = submission(OURS.id)
    await office.store.accept(document, AT)
    entry = NewEntry("key:x", "legal_hold.set", document.document_id, OURS.id, {})
    await office.store.set_legal_hold(OURS.id, document.document_id, "A dispute.", entry, AT)
    assert "A dispute." in (await browser.get(place())).text
    done = await acted(browser, "overview", "release-hold", of=document.document_id)
    assert "A dispute." not in done.text
    assert WHY in (await told(office, "legal_hold.released")).data
    nothing = await acted(browser, "overview", "release-hold", of="doc_nobody")
    assert nothing.status == 404


async def test_forms_of_others_do_nothing(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await browser.get(place())
    forged = await browser.post(f"{place()}/overview/verify", "0" * 64, reason=WHY, **SEEN)
    assert forged.status == 403
    assert await office.store.verification(OURS.id) is None
    await browser.get(place())
    assert (await browser.post(f"{place()}/overview/nonsense", reason=WHY)).status == 404
    await browser.get(place())
    nul = await browser.post(f"{place()}/overview/revoke", version="0", reason="a\0b")
    assert nul.status == 400 and await office.store.verification(OURS.id) is None
    assert (await browser.get(f"{place()}?done=%3Cb%3E")).status == 200


async def test_a_signatory_is_no_secret_to_operators_and_nobodys_link_is_shown(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    who = Signatory("Åsa", "asa@b.example", "sv")
    await acted(browser, "overview", "ask", name=who.name, email=who.email)
    twin = await browser.get(f"{place()}.json")
    assert who.email in twin.text and "secret" not in twin.text and "order" not in twin.text
