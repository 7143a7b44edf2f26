"""Identifiers of companies: form and check digits, by scheme.

Peppol PEPPOL-COMMON-R040 to R057. Each looks at an electronic address, an identifier of a party,
or a company identifier of any kind, and is chosen by its scheme.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from validators import check_digits
from validators.document import WHITESPACE, Document, Leaf, Node, normalized
from validators.registry import MAY_2026, define, leaves

define("""
PEPPOL-COMMON-R040  fatal    BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R041  fatal    BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R042  fatal    BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R043  fatal    BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R044  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R045  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R046  warning  BT-34 BT-49
PEPPOL-COMMON-R047  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R049  fatal    BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R050  fatal    BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
""")
define(
    """
PEPPOL-COMMON-R052  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R053  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
""",
    until=MAY_2026,
)
define(
    """
PEPPOL-COMMON-R052  fatal    BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R053  fatal    BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R054  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R055  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R056-1  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
PEPPOL-COMMON-R056-2  warning  BT-31 BT-48 BT-63
PEPPOL-COMMON-R057  warning  BT-29 BT-30 BT-34 BT-46 BT-47 BT-49 BT-60 BT-61
""",
    since=MAY_2026,
)


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """The rule of a scheme and what it accepts; `form` is for people. `exact`: no trimming."""

    rule: str
    accepts: Callable[[str], object]
    form: str
    exact: bool = False


def _form(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


SCHEMES: Final = {
    "0088": Scheme("PEPPOL-COMMON-R040", check_digits.gln, "GLN"),
    "0192": Scheme("PEPPOL-COMMON-R041", check_digits.norwegian, "999999999"),
    "0184": Scheme("PEPPOL-COMMON-R042", check_digits.danish_cvr, "DK99999999", exact=True),
    "0096": Scheme("PEPPOL-COMMON-R052", check_digits.danish_p, "9999999999", exact=True),
    "0198": Scheme("PEPPOL-COMMON-R053", check_digits.danish_se, "DK99999999", exact=True),
    "0208": Scheme("PEPPOL-COMMON-R043", check_digits.belgian, "9999999999"),
    "0201": Scheme("PEPPOL-COMMON-R044", check_digits.italian_office, "XXXXXX"),
    "0210": Scheme("PEPPOL-COMMON-R045", check_digits.italian_tax_code, "99999999999"),
    "0211": Scheme("PEPPOL-COMMON-R047", check_digits.italian_vat, "IT99999999999"),
    "0007": Scheme(
        "PEPPOL-COMMON-R049",
        lambda text: len(text) == 10 and check_digits.swedish(text),
        "9999999999",
    ),
    "0151": Scheme("PEPPOL-COMMON-R050", check_digits.australian, "99999999999"),
    "0106": Scheme("PEPPOL-COMMON-R054", _form("[0-9]{8}"), "99999999"),
    "0190": Scheme("PEPPOL-COMMON-R055", _form("[0-9]{20}"), "99999999999999999999"),
    "9944": Scheme("PEPPOL-COMMON-R056-1", _form("NL[0-9]{9}B[0-9]{2}"), "NL999999999B99"),
    "0217": Scheme("PEPPOL-COMMON-R057", _form("[0-9]{12}"), "999999999999"),
}
_TAX_CODE_ADDRESS: Final = Scheme(
    "PEPPOL-COMMON-R046", check_digits.italian_tax_code, "99999999999"
)
_DUTCH_VAT: Final = Scheme("PEPPOL-COMMON-R056-2", _form("NL[0-9]{9}B[0-9]{2}"), "NL999999999B99")


@leaves("EndpointID")
def electronic_address(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol R040 to R057 of an electronic address, R046 for scheme 9907."""
    code = leaf.get("schemeID", "")
    _check(_TAX_CODE_ADDRESS if code == "9907" else SCHEMES.get(code), leaf, document)


@leaves("PartyIdentification/ID")
def party_identifier(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol R040 to R057 of an identifier of a party."""
    _check(SCHEMES.get(leaf.get("schemeID", "")), leaf, document)


@leaves("CompanyID")
def company_identifier(leaf: Leaf, node: Node, document: Document) -> None:
    """Peppol R040 to R057 of a company identifier; R056-2 of a Dutch VAT identifier.

    R056-2 stands before R057 among the official rules and R057 gives way to it.
    """
    scheme = SCHEMES.get(leaf.get("schemeID", ""))
    if (
        (scheme is None or scheme.rule == "PEPPOL-COMMON-R057")
        and node.path.name == "PartyTaxScheme"
        and "TaxScheme" in node.nodes
        and normalized(node.nodes["TaxScheme"].text("ID")) == "VAT"
        and _is_dutch(leaf)
    ):
        scheme = _DUTCH_VAT
    _check(scheme, leaf, document)


def _is_dutch(leaf: Leaf) -> bool:
    country = leaf.country
    if country.strip(WHITESPACE) == country:
        return country == "NL"
    return normalized(leaf.text or "").startswith("NL")


def _check(scheme: Scheme | None, leaf: Leaf, document: Document) -> None:
    if scheme is not None and not _fits(scheme, leaf.text or ""):
        document.found(scheme.rule, leaf, stated=leaf.text or "", form=scheme.form)


@lru_cache(maxsize=4096)
def _fits(scheme: Scheme, text: str) -> bool:
    """Whether a scheme accepts a text; the same companies are named again and again."""
    return bool(scheme.accepts(text if scheme.exact else normalized(text)))
