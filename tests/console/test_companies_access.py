"""A company's keys, people, settings, webhooks, notices, agreements and usage, changed by operators
and by its own people; and by nobody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from gateway.company_settings import TABLE, Level
from gateway.console.companies.chart import HEIGHT, bars
from gateway.console.companies.webhooks import shown_address
from gateway.customers import CustomerClass, with_class
from gateway.notices.book import NoticeBook
from gateway.notices.notice import About, Notice, Rhythm
from gateway.store.access import AccessKey
from gateway.store.endpoints import Endpoint, Push, SealedSecret
from gateway.trust.keys import digest
from gateway.trust.people.roles import Role
from gateway.trust.scopes import EVERY, Scope
from gateway.values import By, Place, settle_value
from tests.api.conftest import AT
from tests.console.firms import SISTER, WHY, acted, charge, open_firms, person, place, told
from tests.console.office import ACCOUNT, OURS, THEIRS, Browser, Office, Shown
from tests.contracts.stores import submission
from tests.servers.sink import Reply, Sink

OWN = "/console/settings"
SECRET = re.compile(r'<code class="secret">([^<]+)</code>')
URL = "https://erp.example.com/in?token=hush"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_firms(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as opened:
        yield opened


async def mine(
    browser: Browser, tab: str, verb: str, company_id: str = OURS.id, **fields: object
) -> Shown:
    """What somebody of the company gets who sends a form of a tab."""
    path = OWN if tab == "settings" else f"{OWN}/{tab}"
    shown = await browser.get(f"{path}?company={OURS.id}")
    looked_at = {"version": shown.value("version")} if tab == "overview" else {}
    return await browser.post(
        f"{OWN}/{tab}/{verb}", **{"company": company_id, **looked_at, **fields}
    )


def secret(page: Shown) -> str:
    found = SECRET.search(page.text)
    assert found is not None, page.text
    return found[1]


# --- keys ---------------------------------------------------------------------------------------


async def test_a_keys_secret_is_shown_once(office: Office, browser: Browser) -> None:
    operator = await office.operator(browser)
    form = await browser.get(place("keys"))
    fields = {"label": "Fortnox", "scopes": "read", "once": form.value("once"), "reason": WHY}
    made = await browser.post(f"{place()}/keys/make", **fields)
    assert made.status == 200 and made.headers["Cache-Control"] == "no-store"
    holder = await office.store.holder(digest(secret(made)))
    assert holder is not None and holder.company == await office.store.company(OURS.id)
    assert holder.scopes == {Scope.READ} and holder.key.expires_at is None
    entry = await told(office, "key.added")
    assert entry.actor == f"person:{operator.id}" and WHY in entry.data
    assert secret(made) not in entry.data
    for path in (place("keys"), f"{place('keys')}.json"):
        listed = await browser.get(path)
        assert "Fortnox" in listed.text and secret(made) not in listed.text
    await browser.get(place("keys"))
    twice = await browser.post(f"{place()}/keys/make", **fields)
    assert twice.status == 422 and "The form was sent twice" in twice.text
    assert len(await office.store.keys(None, "", 100)) == 1


async def test_two_clicks_make_one_key(office: Office, browser: Browser) -> None:
    await person(office, browser, Role.ADMINISTRATOR)
    form = await browser.get(f"{OWN}/keys?company={OURS.id}")
    fields = {"label": "x", "scopes": "read", "once": form.value("once"), "company": OURS.id}
    answers = await asyncio.gather(
        *(browser.post(f"{OWN}/keys/make", form.form_token, **fields) for _ in range(3))
    )
    assert sorted(answer.status for answer in answers) == [200, 422, 422]
    assert len(await office.store.keys(None, "", 100)) == 1


async def test_a_key_that_is_not_right_is_not_made(office: Office, browser: Browser) -> None:
    await person(office, browser, Role.ADMINISTRATOR)
    rows = [
        ({"label": " "}, "Say what the key is for"),
        ({"label": "x" * 101}, "Say what the key is for"),
        ({"label": "a\u0007b"}, "Say what the key is for"),
        ({"scopes": "everything"}, "Tick at least one thing"),
        ({"until": "2020-01-01"}, "The day is over"),
        ({"until": "9999-12-31"}, "Write the day as"),
        ({"until": "tomorrow"}, "Write the day as"),
        ({"once": ""}, "Somebody has changed it meanwhile"),
    ]
    for fields, says in rows:
        given = {"label": "Fortnox", "scopes": "read", "once": "a" * 20, **fields}
        answer = await mine(browser, "keys", "make", **given)
        assert answer.status == 422 and says in answer.text
        assert await office.store.keys(None, "", 100) == []


async def test_a_key_for_the_account_is_made_by_who_is_there_for_it(
    office: Office, browser: Browser
) -> None:
    fields = {"label": "x", "scopes": ["read", "manage"], "for": "account", "until": "2026-12-31"}
    await person(office, browser, Role.ADMINISTRATOR)
    made = await mine(browser, "keys", "make", once="a" * 20, **fields)
    holder = await office.store.holder(digest(secret(made)), SISTER.id)
    assert holder is not None and holder.company is not None
    assert str(holder.key.expires_at) == "2027-01-01 00:00:00+00:00"
    async with office.browser() as other:
        await person(
            *(office, other, Role.ADMINISTRATOR), email="one@byran.example", companies=(OURS.id,)
        )
        refused = await mine(other, "keys", "make", once="b" * 20, **fields)
        assert refused.status == 404
    assert len(await office.store.keys(None, "", 100)) == 1


async def test_a_key_is_revoked_for_good(office: Office, browser: Browser) -> None:
    await office.store.add_key(OURS.id, "ab" * 32, "ours", AT)
    await office.store.add_key(THEIRS.id, "cd" * 32, "theirs", AT)
    (ours, theirs) = sorted(await office.store.keys(None, "", 9), key=lambda one: one.label)
    await person(office, browser, Role.ADMINISTRATOR)
    assert (await mine(browser, "keys", "revoke", of=theirs.id)).status == 404
    done = await mine(browser, "keys", "revoke", of=ours.id)
    assert "nobody is let in with it" in done.text and "theirs" not in done.text
    again = await mine(browser, "keys", "revoke", of=ours.id)
    assert again.status == 422 and "It was revoked before" in again.text
    rows = {one.label: one.revoked_at for one in await office.store.keys(None, "", 9)}
    assert rows["ours"] is not None and rows["theirs"] is None


async def test_an_operator_revokes_a_key_that_is_for_others_too(
    office: Office, browser: Browser
) -> None:
    alone = replace(THEIRS, id="com_alone", name="Alene AS", participants=())
    await office.store.add_company(alone, AT)
    key = AccessKey("key_both", "", (alone.id, THEIRS.id), "both", EVERY, AT)
    await office.store.put_key(key, "ef" * 32, AT)
    await office.operator(browser)
    assert "both" in (await browser.get(place("keys", THEIRS))).text
    done = await acted(browser, "keys", "revoke", company=THEIRS, of="key_both")
    assert done.status == 200
    (row,) = await office.store.keys(None, "", 9)
    assert row.revoked_at is not None


# --- people -------------------------------------------------------------------------------------


async def test_somebody_is_invited_once(office: Office, browser: Browser) -> None:
    await person(office, browser, Role.ADMINISTRATOR)
    fields = {"name": "Kim Öst", "email": "Kim@b.example", "role": "sender", "language": "sv"}
    done = await mine(browser, "people", "invite", **fields)
    assert done.status == 200 and "They are invited" in done.text and "kim@b.example" in done.text
    assert "/console/welcome/" not in done.text
    again = await mine(browser, "people", "invite", **fields)
    assert again.status == 422 and "is there already" in again.text
    kim = next(one for one in await office.store.everybody("", 9) if one.name == "Kim Öst")
    assert (kim.companies, kim.account_id, kim.role) == ((OURS.id,), ACCOUNT.id, Role.SENDER)


async def test_an_invitation_that_is_not_right_goes_to_nobody(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    rows = [
        ({"email": "nobody"}, "not one that mail can be sent to"),
        ({"email": "x" * 300 + "@b.example"}, "not one that mail can be sent to"),
        ({"name": " "}, "Give a name"),
        ({"role": "operator"}, "Choose a role"),
        ({"role": ""}, "Choose a role"),
    ]
    for fields, says in rows:
        given = {"name": "Kim", "email": "kim@b.example", "role": "reader", **fields}
        answer = await acted(browser, "people", "invite", **given)
        assert answer.status == 422 and says in answer.text
        assert len(await office.store.everybody("", 9)) == 1


async def test_a_role_is_changed_and_somebody_removed(office: Office, browser: Browser) -> None:
    reader = await office.person("r@byran.example", Role.READER)
    await office.operator(browser)
    which = {"of": reader.id, "version": str((await office.fresh(reader)).version)}
    done = await acted(browser, "people", "change", role="sender", **which)
    assert "The role is changed." in done.text
    assert (await office.fresh(reader)).role is Role.SENDER
    late = await acted(browser, "people", "remove", **which)
    assert late.status == 422 and "Somebody has changed it meanwhile" in late.text
    which["version"] = str((await office.fresh(reader)).version)
    assert "A new link goes" in (await acted(browser, "people", "again", **which)).text
    which["version"] = str((await office.fresh(reader)).version)
    assert "They are removed." in (await acted(browser, "people", "remove", **which)).text
    assert await office.store.person(reader.id) is None
    assert WHY in (await told(office, "person.removed")).data
    assert (await acted(browser, "people", "remove", **which)).status == 404


async def test_the_last_administrator_stays(office: Office, browser: Browser) -> None:
    me = await person(office, browser, Role.ADMINISTRATOR)
    which = {"of": me.id, "version": str((await office.fresh(me)).version)}
    for verb, fields in (("remove", {}), ("change", {"role": "reader"})):
        answer = await mine(browser, "people", verb, **which, **fields)
        assert answer.status == 422 and "Nobody would be left" in answer.text
    assert (await mine(browser, "people", "change", **which, role="operator")).status == 422


async def test_people_of_others_are_nobody(office: Office, browser: Browser) -> None:
    other = await office.person(
        "p@fjord.example", Role.READER, account_id="", companies=(THEIRS.id,)
    )
    await person(office, browser, Role.ADMINISTRATOR)
    which = {"of": other.id, "version": "1"}
    for verb in ("change", "remove", "again"):
        assert (await mine(browser, "people", verb, role="sender", **which)).status == 404
    await browser.get(f"{OWN}/people")
    assert "p@fjord.example" not in (await browser.get(f"{OWN}/people.json")).text


# --- settings -----------------------------------------------------------------------------------


async def test_a_value_is_settled_shown_with_its_place_and_taken_back(
    office: Office, browser: Browser
) -> None:
    account = Place(ACCOUNT.id, Level.ACCOUNT)
    by = By("operator:test", OURS.id)
    await settle_value(office.store, TABLE["duplicate_days"], account, 90, by, AT)
    await person(office, browser, Role.ADMINISTRATOR)
    shown = await browser.get(f"{OWN}?company={OURS.id}")
    assert "the account Byrån" in shown.text
    what = {"of": "duplicate_days", "at": "company null"}
    done = await mine(browser, "settings", "settle", value="30", **what)
    assert "It is settled" in done.text
    twin = await browser.get(f"{OWN}.json?company={OURS.id}")
    assert '"value": "30"' in twin.text
    late = await mine(browser, "settings", "settle", value="60", **what)
    assert late.status == 422 and "Somebody has changed it meanwhile" in late.text
    back = await mine(browser, "settings", "fall-back", of="duplicate_days", at="company 30")
    assert "what is behind it counts again" in back.text
    company = await office.store.company(OURS.id)
    assert company is not None and company.settings == {}
    entry = await told(office, "setting.settled")
    assert entry.actor.startswith("person:") and entry.company_id == OURS.id


async def test_a_value_that_is_not_right_is_not_settled(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    rows = [
        ("duplicate_days", "-1"),
        ("duplicate_days", "9" * 5000),
        ("archives", "perhaps"),
        ("reply_to", "nobody"),
        ("route_order", "peppol, pigeon"),
        ("route_order", " , "),
        ("forced_route", ""),
        ("credit_note_due_date", "never"),
    ]
    for name, value in rows:
        answer = await acted(browser, "settings", "settle", of=name, at="company null", value=value)
        assert answer.status == 422 and f"{name} can not be that." in answer.text
        company = await office.store.company(OURS.id)
        assert company is not None and company.settings == {}


async def test_what_does_not_go_together_is_told(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    what = {"at": "company null"}
    await acted(browser, "settings", "settle", of="route_order", value="peppol, letter", **what)
    answer = await acted(browser, "settings", "settle", of="forced_route", value="letter", **what)
    assert answer.status == 422 and 'role="alert"' in answer.text
    company = await office.store.company(OURS.id)
    assert company is not None and company.settings == {"route_order": ["peppol", "letter"]}


async def test_there_are_no_other_places(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    rows = [
        {"of": "nonsense", "at": "company null"},
        {"of": "archives", "at": "default null"},
        {"of": "archives", "at": "nonsense"},
        {"of": "archives", "at": "customer:SE:5567321707 null"},
        {"of": "recheck", "at": "customer:nobody null"},
        {"of": "archives", "at": ""},
    ]
    for what in rows:
        answer = await acted(browser, "settings", "settle", value="no", **what)
        assert answer.status == 404


async def test_something_is_settled_for_a_customer_a_class_and_the_account(
    office: Office, browser: Browser
) -> None:
    ours = await office.store.company(OURS.id)
    assert ours is not None
    classed = with_class({}, "shops", CustomerClass("shops", ("SE:5567321707",)))
    await office.store.add_company(replace(ours, settings=classed), AT)
    await office.operator(browser)
    name = "SE:5567321707"
    shown = await browser.get(f"{place('settings')}?customer={name}")
    assert "What counts for SE:5567321707." in shown.text and "shops" in shown.text
    for at in ("account null", "company null", "class:shops null", f"customer:{name} null"):
        done = await acted(
            browser, "settings", "settle", of="recheck", at=at, value="no", customer=name
        )
        assert done.status == 200, done.text
    twin = await browser.get(f"{place('settings')}.json?customer={name}")
    assert '"level": "customer"' in twin.text and '"level": "class"' in twin.text
    missing = await acted(
        browser, "settings", "settle", of="recheck", at="class:gone null", value="no"
    )
    assert missing.status == 422 and "there is no class gone" in missing.text
    strange = await browser.get(f"{place('settings')}?customer=%3Cb%3E")
    assert "That is no customer" in strange.text and "<b>" not in strange.text


async def test_one_who_is_there_for_some_companies_settles_nothing_for_the_account(
    office: Office, browser: Browser
) -> None:
    await person(office, browser, Role.ADMINISTRATOR, companies=(OURS.id,))
    answer = await mine(browser, "settings", "settle", of="archives", at="account null", value="no")
    assert answer.status == 404
    account = await office.store.account(ACCOUNT.id)
    assert account is not None and account.settings == {}


# --- webhooks, notices, agreements --------------------------------------------------------------


async def webhook(office: Office, **how: object) -> Endpoint:
    row = Endpoint(
        *("wh_1", OURS.id, URL, (), "Our ERP", True, (SealedSecret(b"x"),), None, AT, AT)
    )
    row = replace(row, **how)  # type: ignore[arg-type]
    await office.store.add_endpoint(row, 20)
    return row


def test_an_address_is_shown_without_what_may_be_a_secret() -> None:
    shown = shown_address("https://name:hush@erp.example.com:8443/in?token=hush#hush")
    assert shown == "https://erp.example.com:8443/in?…"


async def test_a_webhook_is_added_and_its_secret_shown_once(
    office: Office, browser: Browser, sink: Sink
) -> None:
    await person(office, browser, Role.ADMINISTRATOR)
    bad = await mine(browser, "webhooks", "add", url="ftp://erp.example.com/")
    assert bad.status == 422 and "Events can not be sent to this address." in bad.text
    assert (await mine(browser, "webhooks", "add", url=" ")).status == 422
    long = await mine(browser, "webhooks", "add", url=URL, description="x" * 201)
    assert long.status == 422
    url = f"{sink.url}/in?token=hush"
    made = await mine(browser, "webhooks", "add", url=url, description="Our ERP")
    assert secret(made).startswith("whsec_")
    again = await mine(browser, "webhooks", "add", url=url)
    assert again.status == 422 and "one with this address already" in again.text
    other = await mine(browser, "webhooks", "add", url=f"{url}&more")
    assert other.status == 422 and "may have 1 webhooks" in other.text
    for path in (f"{OWN}/webhooks", f"{OWN}/webhooks.json"):
        shown = await browser.get(path)
        assert f"{sink.url}/in?" in shown.text
        assert "hush" not in shown.text and "whsec_" not in shown.text
    (row,) = await office.store.endpoints(OURS.id)
    rotated = await mine(browser, "webhooks", "rotate", of=row.id)
    assert secret(rotated) != secret(made)
    sink.plan("/in", Reply(503))
    failed = await mine(browser, "webhooks", "test", of=row.id)
    assert failed.status == 422 and "The test was not taken" in failed.text
    taken = await mine(browser, "webhooks", "test", of=row.id)
    assert "The test was taken." in taken.text


async def test_how_a_webhook_goes_is_told(office: Office, browser: Browser) -> None:
    await office.store.accept(submission(OURS.id), AT)
    cursor = await office.store.newest(OURS.id)
    text = "The server answered 503."
    await webhook(office, tries=2, code="webhook.refused", text=text)
    for n, status in enumerate((200, 503, 503)):
        push = Push(
            f"evt_{n}", "document.sent", None, cursor, AT, 9, status, "x", "<script>hush</script>"
        )
        await office.store.add_push(OURS.id, "wh_1", push)
    await office.operator(browser)
    shown = await browser.get(place("webhooks"))
    assert "Failing" in shown.text and "<script>hush" not in shown.text
    twin = await browser.get(f"{place('webhooks')}.json")
    assert '"failed_since": 2' in twin.text
    once = await acted(browser, "webhooks", "again", of="wh_1", cursor=cursor)
    assert "It will be sent again." in once.text
    assert WHY in (await told(office, "webhook.sent_again")).data
    every = await acted(browser, "webhooks", "again", of="wh_1")
    assert every.status == 200 and WHY in (await told(office, "webhook.went_back")).data
    for wrong in ({"of": "wh_1", "cursor": "nonsense"}, {"of": "wh_9"}, {"cursor": cursor}):
        assert (await acted(browser, "webhooks", "again", **wrong)).status == 404


async def test_a_webhook_is_switched_and_removed(office: Office, browser: Browser) -> None:
    await webhook(office, url="http://127.0.0.1:9/in")
    await office.operator(browser)
    for verb, active in (("off", False), ("off", False), ("on", True)):
        assert (await acted(browser, "webhooks", verb, of="wh_1")).status == 200
        (row,) = await office.store.endpoints(OURS.id)
        assert row.active is active
    assert "is gone" in (await acted(browser, "webhooks", "remove", of="wh_1")).text
    for verb in ("on", "off", "remove", "rotate", "test"):
        assert (await acted(browser, "webhooks", verb, of="wh_1")).status == 404


async def test_a_notice_is_stopped_started_and_removed(office: Office, browser: Browser) -> None:
    book = NoticeBook(office.store, office.clock)
    made = await book.add(
        OURS.id,
        lambda id_, cursor, now: Notice(
            *(id_, OURS.id, "ek@b.example", "sv", About.FAILED, True, Rhythm.WEEKLY),
            *(time(7, 0), 1, "Europe/Stockholm", cursor, now),
        ),
    )
    await person(office, browser, Role.ADMINISTRATOR)
    assert "Monday" in (await browser.get(f"{OWN}/notices")).text
    for verb, active in (("off", False), ("on", True)):
        assert (await mine(browser, "notices", verb, of=made.id)).status == 200
        found = await book.one(OURS.id, made.id)
        assert found is not None and found.active is active
    assert "is removed" in (await mine(browser, "notices", "remove", of=made.id)).text
    for verb in ("off", "on", "remove"):
        assert (await mine(browser, "notices", verb, of=made.id)).status == 404
    assert (await told(office, "notice.removed")).company_id == OURS.id


async def test_what_is_wrong_with_terms_is_told_and_not_what_they_say(
    office: Office, browser: Browser
) -> None:
    ours = await office.store.company(OURS.id)
    assert ours is not None
    terms = {"channels": {"email": {"sender": "hush-hush"}, "kivra": {"tenant": ""}}}
    await office.store.add_company(replace(ours, settings=terms), AT)
    await person(office, browser, Role.READER)
    twin = await browser.session.get(f"{browser.url}{OWN}/agreements.json?company={OURS.id}")
    rows = {row["channel"]: row for row in (await twin.json())["body"]["channels"]}
    assert rows["email"]["wrong"] and rows["email"]["set_up"] and not rows["kivra"]["set_up"]
    assert rows["efaktura_no"] | {"title": ""} == {
        "channel": "efaktura_no",
        "title": "",
        "set_up": True,
        "settled": False,
        "wrong": [],
    }
    page = await browser.get(f"{OWN}/agreements?company={OURS.id}")
    assert page.status == 200 and rows["email"]["wrong"][0][:20] in page.text


async def test_the_address_of_a_form_leads_back_to_its_tab(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    shown = await browser.get(place("keys/make"))
    assert shown.status == 200 and shown.url.path == place("keys")
    assert (await browser.get(f"{OWN}/keys/make")).status == 404
    async with office.browser() as other:
        await person(office, other, Role.ADMINISTRATOR)
        shown = await other.get(f"{OWN}/keys/make")
        assert shown.status == 200 and shown.url.path == f"{OWN}/keys"
        assert (await other.get(f"{OWN}/keys/make?company={THEIRS.id}")).status == 404


async def test_an_agreement_is_asked_for_and_ended(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    refused = await acted(browser, "agreements", "ask", channel="efaktura_no")
    assert refused.status == 422 and "Say who signs." in refused.text
    assert (await acted(browser, "agreements", "ask", channel="pigeon")).status == 422
    ours = await office.store.company(OURS.id)
    assert ours is not None
    terms = {"channels": {"efaktura_no": {"signer": "Kari"}}}
    await office.store.add_company(replace(ours, settings=terms), AT)
    asked = await acted(browser, "agreements", "ask", channel="efaktura_no")
    assert "email_sent" in asked.text and "15076500565" not in asked.text
    assert WHY in (await told(office, "agreement.requested")).data
    ended = await acted(browser, "agreements", "end", channel="efaktura_no", of="5560000019")
    assert "The agreement is ended." in ended.text
    nobody = await acted(browser, "agreements", "end", channel="efaktura_no", of="1")
    assert nobody.status == 422 and "There is none." in nobody.text
    person = await acted(browser, "agreements", "end", channel="efaktura_no", of="15076500565")
    assert person.status == 404


# --- usage --------------------------------------------------------------------------------------


def test_bars_stand_on_the_floor_and_none_is_taller_than_the_chart() -> None:
    chart = bars([("2026-09", 4), ("2026-10", 0), ("2026-11", -2), ("2026-12", 8)])
    assert [bar.y + bar.height for bar in chart.bars] == [chart.floor] * 4
    assert [bar.height > 0 for bar in chart.bars] == [True, False, False, True]
    assert max(bar.height for bar in chart.bars) < HEIGHT
    assert bars([]).bars == ()


async def test_usage_is_shown_month_by_month(office: Office, browser: Browser) -> None:
    for n, (month, amount) in enumerate(((11, "1.25"), (11, None), (10, "2.50"))):
        await office.store.count(OURS.id, [charge(n, date(2026, month, 5), amount)])
    await office.store.count(SISTER.id, [charge(9, date(2026, 11, 5), "77.00", SISTER)])
    await office.store.close_month("2026-10", AT)
    await person(office, browser, Role.READER)
    shown = await browser.get(f"/console/usage?company={OURS.id}")
    assert shown.status == 200 and "<svg" in shown.text and "1.25 SEK" in shown.text
    assert "which are in no amount: 1." in shown.text and "77.00" not in shown.text
    before = await browser.get(f"/console/usage?company={OURS.id}&month=2026-10")
    assert "2.50 SEK" in before.text and "Usage in 2026-10" in before.text
    twin = await browser.get(f"/console/usage.json?company={OURS.id}&month=2019-01")
    assert '"month": "2019-01"' in twin.text and '"rows": []' in twin.text
    odd = await browser.get(f"/console/usage?company={OURS.id}&month=2026-99")
    assert odd.status == 200 and "Usage in 2026-11" in odd.text


# --- a company's own people ---------------------------------------------------------------------


async def test_one_of_several_companies_is_chosen(office: Office, browser: Browser) -> None:
    await person(office, browser, Role.ADMINISTRATOR)
    chosen = await browser.get(f"{OWN}/overview?company={SISTER.id}")
    assert "0007:5567321707" in chosen.text and "0007:5560000019" not in chosen.text
    assert f'value="{SISTER.id}" selected' in chosen.text
    for path in (OWN, f"{OWN}/keys", f"{OWN}/overview", "/console/usage"):
        for theirs in (THEIRS.id, "com_nobody"):
            assert (await browser.get(f"{path}?company={theirs}")).status == 404
            assert (await browser.get(f"{path}.json?company={theirs}")).status == 404


async def test_administrators_do_all_but_what_is_the_operators(
    office: Office, browser: Browser
) -> None:
    await person(office, browser, Role.ADMINISTRATOR)
    for verb in ("verify", "revoke"):
        answer = await mine(browser, "overview", verb, version="0", who="x", seen="x", reason="x")
        assert answer.status == 404
    assert await office.store.verification(OURS.id) is None
    page = await browser.get(f"{OWN}/overview?company={OURS.id}")
    assert "Verify by hand" not in page.text and "Why you do it" not in page.text
    asked = await mine(browser, "overview", "ask", name="Åsa", email="asa@b.example")
    assert asked.status == 200 and "asa@b.example" in asked.text


@pytest.mark.parametrize("role", [Role.READER, Role.SENDER])
async def test_others_see_and_change_nothing(office: Office, browser: Browser, role: Role) -> None:
    await person(office, browser, role)
    for tab in ("", "/overview", "/agreements", "/webhooks"):
        page = await browser.get(f"{OWN}{tab}?company={OURS.id}")
        assert page.status == 200
        assert 'class="company-act"' not in page.text and "an administrator can" in page.text
    for tab in ("/keys", "/people", "/notices"):
        assert (await browser.get(f"{OWN}{tab}?company={OURS.id}")).status == 403
    await browser.get("/console/profile")
    for path in ("keys/make", "people/invite", "settings/settle", "overview/ask", "webhooks/add"):
        answer = await browser.post(f"{OWN}/{path}", company=OURS.id, of="archives", value="no")
        assert answer.status == 403, path
    assert await office.store.keys(None, "", 9) == []


async def test_nothing_is_done_for_anothers_company(office: Office, browser: Browser) -> None:
    await person(office, browser, Role.ADMINISTRATOR)
    for tab, verb, fields in (
        ("keys", "make", {"label": "x", "scopes": "read", "once": "a" * 20}),
        ("people", "invite", {"name": "x", "email": "x@b.example", "role": "reader"}),
        ("settings", "settle", {"of": "archives", "at": "company null", "value": "no"}),
        ("overview", "ask", {"name": "x", "email": "x@b.example"}),
        ("webhooks", "add", {"url": "http://127.0.0.1:9/"}),
    ):
        assert (await mine(browser, tab, verb, THEIRS.id, **fields)).status == 404
    assert await office.store.keys(None, "", 9) == []
    assert await office.store.verification(THEIRS.id) is None


async def test_operators_have_no_company_of_their_own(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    for path in (OWN, "/console/usage", f"{OWN}/keys"):
        assert (await browser.get(path)).url.path == "/console/companies"
    await browser.get("/console/companies")
    await browser.get(place())
    answer = await browser.post(f"{OWN}/keys/make", company=OURS.id, reason=WHY)
    assert answer.status == 404


@pytest.mark.parametrize("language", ["sv", "nb"])
async def test_every_tab_is_said_in_every_language(
    office: Office, browser: Browser, language: str
) -> None:
    await office.store.count(OURS.id, [charge(1, date(2026, 11, 5))])
    await webhook(office)
    found = await person(office, browser, Role.ADMINISTRATOR)
    await office.directory.change(await office.fresh(found), "test", language=language)
    for tab in ("", "/overview", "/agreements", "/keys", "/people", "/webhooks", "/notices"):
        page = await browser.get(f"{OWN}{tab}?company={OURS.id}")
        assert page.status == 200 and f'<html lang="{language}"' in page.text
    assert (await browser.get("/console/usage")).status == 200
