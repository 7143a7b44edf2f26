"""Examples of settings and classes of customers."""

from __future__ import annotations

from typing import Any, Final

SETTING: Final[dict[str, Any]] = {
    "name": "route_order",
    "value": ["kivra", "letter"],
    "level": "class",
    "of": "consumers",
    "next": {"value": ["peppol", "email", "letter"], "level": "company", "of": ""},
    "levels": ["account", "company", "class", "customer"],
    "values": "names of channels",
    "meaning": "The channels to try, in this order, instead of the order of the recipient's"
    " country.",
}

NEW_VALUE: Final[dict[str, Any]] = {
    "value": ["kivra", "letter"],
    "customer_class": "consumers",
}

NEW_CUSTOMER_CLASS: Final[dict[str, Any]] = {"kind": "consumer", "country": "SE"}

CUSTOMER_CLASS: Final[dict[str, Any]] = {
    "name": "consumers",
    "customers": [],
    "country": "SE",
    "kind": "consumer",
    "settings": {"route_order": ["kivra", "letter"]},
}
