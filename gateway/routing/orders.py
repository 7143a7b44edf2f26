"""The channel orders: which channels a country asks, in which order, since when.

In charge of reading `orders.toml` and finding the order for a recipient on a day. Not in charge of
whether a channel is possible for a document (`plan`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel needs to know of a recipient before it can be asked."""

    name: str
    title: str
    needs: tuple[str, ...]
    consumers_only: bool
    credit_notes: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A step of an order: a channel and, where it is asked more than once, what it is asked.

    `step` is the channel's name or `channel/question`. `recheck_after_days`: the steps before are
    asked once more after so many days.
    """

    step: str
    channel: str
    asks: str | None = None
    until: date | None = None
    recheck_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """The steps for the recipients of a country since a day. `country` None: all others.

    `public`: for the public sector. `only_asked_for`: its channels that are taken only where
    somebody asked for them.
    """

    name: str
    country: str | None
    consumers: bool | None  # None: companies and consumers
    begins: date
    questions: tuple[Question, ...]
    public: bool = False
    only_asked_for: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Orders:
    """All orders and all channels."""

    orders: tuple[Order, ...]
    channels: Mapping[str, Channel]

    def find(self, country: str, consumer: bool, at: date, *, public: bool = False) -> Order:
        """The newest order in force on the day: the country's own, for the `public` sector where
        it has one of its own, else that of all others.

        A day before every order gets the oldest one. LookupError when there is none at all.
        """
        fitting = [
            order
            for order in self.orders
            if order.consumers in (None, consumer) and (public or not order.public)
        ]
        own = [order for order in fitting if order.country == country]
        own = [order for order in own if order.public] or own
        candidates = own or [order for order in fitting if order.country is None]
        if not candidates:
            raise LookupError(f"orders.toml has no order for {country} and none for all others")
        begun = [order for order in candidates if order.begins <= at]
        if begun:
            return max(begun, key=lambda order: order.begins)
        return min(candidates, key=lambda order: order.begins)

    def questioned(self) -> frozenset[str]:
        """The channels that are asked more than one thing, or whose answer is waited for: with
        them a step is more than its channel."""
        return frozenset(
            question.channel
            for order in self.orders
            for question in order.questions
            if question.asks is not None
        )


def read(text: str) -> Orders:
    """Reads orders from TOML. ValueError names the entry that is wrong."""
    data = tomllib.loads(text)
    channels = {
        name: Channel(
            name=name,
            title=entry["title"],
            needs=tuple(entry["needs"]),
            consumers_only=entry.get("recipients") == "consumers",
            credit_notes=entry.get("credit_notes", True),
        )
        for name, entry in data["channels"].items()
    }
    questions = data.get("questions", {})
    orders = tuple(_order(entry, channels, questions) for entry in data["orders"])
    return Orders(orders, channels)


def _order(
    entry: Mapping[str, Any], channels: Mapping[str, Channel], questions: Mapping[str, Any]
) -> Order:
    def question(step: str) -> Question:
        channel = step.partition("/")[0]
        if channel not in channels:
            raise ValueError(f"order {entry['name']}: {step}: there is no channel {channel}")
        if channel != step and step not in questions:
            raise ValueError(f"order {entry['name']}: {step}: there is no such question")
        return Question(step, channel, **questions.get(step, {}))

    recipients = entry.get("recipients")
    if recipients not in (None, "companies", "consumers", "public"):
        raise ValueError(
            f"order {entry['name']}: recipients is companies, consumers, public or absent"
        )
    return Order(
        name=entry["name"],
        country=entry.get("country"),
        consumers=None if recipients is None else recipients == "consumers",
        begins=entry["from"],
        questions=tuple(question(step) for step in entry["steps"]),
        public=recipients == "public",
        only_asked_for=frozenset(entry.get("only_asked_for", ())),
    )


@cache
def shipped() -> Orders:
    """The orders that come with the gateway."""
    return read(Path(__file__).with_name("orders.toml").read_text("utf-8"))


def channel_names() -> tuple[str, ...]:
    """Every channel that a plan may name, set up here or not."""
    return tuple(shipped().channels)
