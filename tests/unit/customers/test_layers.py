"""Which of several settings counts, where it comes from, and what may be settled where."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.company_settings import TABLE, Found, Level, found, layers, with_value
from gateway.customers import (
    MOST_CLASSES,
    CustomerClass,
    CustomerKind,
    NotSettled,
    classes,
    classes_of,
    kind_of,
    recipient_of,
    settled,
    with_class,
)
from gateway.routing.wishes import wishes
from schemas.identifiers import Participant
from transports.base import Recipient

KIM = Recipient(
    "Kim",
    "SE",
    participant=Participant.parse("0007:5592034846"),
    organisation_number="5592034846",
    email="kim@customer.example",
)
CONSUMER = Recipient("Bo", "SE", consumer=True, email="bo@customer.example")
ORDER = TABLE["route_order"]


def company(**own: Any) -> dict[str, Any]:
    settings: dict[str, Any] = dict(own)
    for one in (
        CustomerClass("named", ("SE:5592034846",), settings={"route_order": ["email"]}),
        CustomerClass("all-of-sweden", country="SE", settings={"route_order": ["letter"]}),
        CustomerClass(
            "consumers", (), "SE", CustomerKind.CONSUMER, {"route_order": ["kivra", "letter"]}
        ),
    ):
        settings = with_class(settings, one.name, one)
    return settings


def order(settings: dict[str, Any], recipient: Recipient | None, **above: Any) -> Any:
    every = layers(above.get("account", {}), above.get("parent"), settings, recipient)
    return found(ORDER, every)


def test_the_nearest_counts_and_the_next_is_told() -> None:
    settings = with_value(Level.CUSTOMER, "0007:5592034846", company(), "route_order", ["peppol"])
    settings = with_value(Level.COMPANY, "", settings, "route_order", ["vipps"])
    parent, account = ("com_parent", {"route_order": ["internal"]}), {"route_order": ["kivra"]}
    names = ["0007:5592034846", "named", "all-of-sweden", "", "com_parent", "", ""]
    seen = []
    every = layers(account, parent, settings, KIM)
    while every:
        value, behind = found(ORDER, every)
        seen.append(value.of)
        assert (behind is None) is (value.level is Level.DEFAULT)
        every = every[1:]
    seen.append(found(ORDER, ())[0].of)
    assert seen == names
    assert found(ORDER, ()) == (Found(None, Level.DEFAULT), None)
    assert order(company(), None, account=account) == (
        *(Found(["kivra"], Level.ACCOUNT), Found(None, Level.DEFAULT)),
    )


def test_what_is_read_is_what_is_told() -> None:
    settings = company(route_order=["vipps"])
    for recipient in (KIM, CONSUMER, Recipient("Ola", "NO", email="ola@customer.example")):
        read = settled(settings, recipient, ({"route_order": ["internal"]},)).get("route_order")
        assert read == order(settings, recipient)[0].value
    assert settled({}, KIM, ({}, {"route_order": ["internal"]})).get("route_order") == ["internal"]
    assert settled({}, KIM).get("route_order", "nothing") == "nothing"


def test_a_class_that_names_a_customer_counts_before_one_that_describes_it() -> None:
    assert [one.name for one in classes_of(company(), KIM)] == ["named", "all-of-sweden"]
    assert [one.name for one in classes_of(company(), CONSUMER)] == ["all-of-sweden", "consumers"]
    assert classes_of(company(), Recipient("Ola", "NO")) == ()
    nobody = with_class({}, "empty", CustomerClass("empty"))
    assert classes_of(nobody, KIM) == ()


@pytest.mark.parametrize(
    ("recipient", "kind"),
    [
        (CONSUMER, CustomerKind.CONSUMER),
        (KIM, CustomerKind.BUSINESS),
        (Recipient("Region", "SE", organisation_number="2321000016"), CustomerKind.PUBLIC),
        (Recipient("Kommune", "NO", organisation_number="974760673"), CustomerKind.BUSINESS),
        (Recipient("Nobody", "DE"), CustomerKind.BUSINESS),
    ],
)
def test_what_a_customer_is(recipient: Recipient, kind: CustomerKind) -> None:
    assert kind_of(recipient) is kind


@pytest.mark.parametrize("name", ["0007:5592034846", "SE:5592034846", "kim@customer.example"])
def test_a_customer_is_found_by_any_of_its_names(name: str) -> None:
    settings = with_value(Level.CUSTOMER, name, {}, "route_order", ["peppol"])
    value, _ = order(settings, recipient_of(name))
    assert value == Found(["peppol"], Level.CUSTOMER, name)


def test_a_participant_of_sweden_falls_into_the_classes_of_its_number() -> None:
    recipient = recipient_of("0007:5592034846")
    assert [one.name for one in classes_of(company(), recipient)] == ["named", "all-of-sweden"]


def test_a_value_is_taken_back_where_it_was_settled_and_nowhere_else() -> None:
    settings = with_value(Level.CLASS, "named", company(), "recheck", False)
    back = with_value(Level.CLASS, "named", settings, "recheck", None)
    assert back == company()
    assert with_value(Level.COMPANY, "", {"recheck": False}, "recheck", None) == {}
    assert with_value(Level.COMPANY, "", {"route_order": ["email"]}, "route_order", []) == {}


@pytest.mark.parametrize(
    ("level", "of", "before", "name", "value", "why"),
    [
        (Level.CLASS, "none", {}, "recheck", True, "there is no class none"),
        (
            *(Level.COMPANY, "", {"route_order": ["email"]}, "forced_route", "letter"),
            "give no route_order too",
        ),
        (
            *(Level.CUSTOMER, "SE:5592034846", {}, "image_from_first_attachment", True),
            "image_from_first_attachment goes only with omit_image",
        ),
        (
            *(Level.CLASS, "named", company(), "image_from_first_attachment", True),
            "named: image_from_first_attachment goes only with omit_image",
        ),
        (
            *(Level.COMPANY, "", {"disabled_routes": ["email"]}, "route_order", ["email"]),
            "email is to be taken and never to be taken",
        ),
    ],
)
def test_what_does_not_go_together_is_told(
    level: Level, of: str, before: dict[str, Any], name: str, value: Any, why: str
) -> None:
    with pytest.raises(NotSettled, match=why):
        with_value(level, of, before, name, value)


def test_a_company_has_so_many_classes_and_no_more() -> None:
    settings: dict[str, Any] = {}
    for n in range(MOST_CLASSES):
        settings = with_class(settings, f"class-{n}", CustomerClass(f"class-{n}"))
    assert with_class(settings, "class-0", CustomerClass("class-0", country="NO"))
    with pytest.raises(NotSettled, match="50 classes"):
        with_class(settings, "one-more", CustomerClass("one-more"))
    assert len(classes(with_class(settings, "class-0", None))) == MOST_CLASSES - 1


def test_the_routes_follow_the_layers() -> None:
    """What is above the company counts behind it; a class as the customer's own."""
    own = settled(company(disabled_routes=["vipps"]), KIM, ({"route_order": ["internal"]},))
    assert [(str(wish.whose), wish.order) for wish in wishes({}, own)] == [
        *(("document", ()), ("customer", ("email",)), ("customer", ("letter",))),
        *(("company", ()), ("company", ("internal",))),
    ]


@pytest.mark.parametrize("name", TABLE)
def test_every_default_is_a_value_that_may_be_settled(name: str) -> None:
    setting = TABLE[name]
    assert setting.default is None or list(setting.faults(setting.default)) == []
    assert list(setting.faults({"no": "value"})) != []
    assert setting.meaning.endswith(".")
    assert Level.COMPANY in setting.levels


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("archives", "yes", True),
        ("archives", "no", False),
        ("archives", "perhaps", "perhaps"),
        ("duplicate_days", "30", 30),
        ("duplicate_days", "-1", "-1"),
        ("duplicate_days", "9" * 5000, "9" * 5000),
        ("duplicate_days", "٣", "٣"),
        ("route_order", "peppol, letter", ["peppol", "letter"]),
        ("route_order", "", [""]),
        ("forced_route", "letter", "letter"),
    ],
)
def test_a_value_is_read_as_people_type_it(name: str, text: str, value: Any) -> None:
    assert TABLE[name].typed(text) == value
