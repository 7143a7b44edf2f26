"""VAT: the nine families of rules, one for each VAT category, and who may use which.

EN 16931 clause 6.4.5 and following: BR-CO-18; BR-S (standard rate), BR-Z (zero rated), BR-E
(exempt), BR-AE (reverse charge), BR-IC (intra-community), BR-G (export), BR-O (outside the scope of
VAT), BR-AF (Canary Islands IGIC), BR-AG (Ceuta and Melilla IPSI), BR-B (Italian split payment). The
numbers of a family mean the same in each: 01 breakdown row, 02 to 04 identifiers for lines,
allowances and charges, 05 to 07 their rates; so one function serves all nine. Numbers 08 to 10 are
about a row: `breakdown`.

Families differ in small ways that the official texts have by accident, and a verdict hangs on:
where they do, a comment says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from validators.arithmetic import (
    compared,
    decimal_of,
)
from validators.document import WHITESPACE, Document, Every, Node
from validators.registry import MAY_2026, all_nodes, define, gather, nodes
from validators.rules.allowances import indicator, is_vat, of_kind

define("""
BR-CO-18   fatal  BG-23
BR-S-01    fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-S-02    fatal  BT-31 BT-32 BT-63
BR-S-03    fatal  BT-31 BT-32 BT-63
BR-S-04    fatal  BT-31 BT-32 BT-63
BR-S-05    fatal  BT-152
BR-S-06    fatal  BT-96
BR-S-07    fatal  BT-103
BR-Z-01    fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-Z-02    fatal  BT-31 BT-32 BT-63
BR-Z-03    fatal  BT-31 BT-32 BT-63
BR-Z-04    fatal  BT-31 BT-32 BT-63
BR-Z-05    fatal  BT-152
BR-Z-06    fatal  BT-96
BR-Z-07    fatal  BT-103
BR-E-01    fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-E-02    fatal  BT-31 BT-32 BT-63
BR-E-03    fatal  BT-31 BT-32 BT-63
BR-E-04    fatal  BT-31 BT-32 BT-63
BR-E-05    fatal  BT-152
BR-E-06    fatal  BT-96
BR-E-07    fatal  BT-103
BR-AE-01   fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-AE-02   fatal  BT-31 BT-32 BT-63 BT-48 BT-47
BR-AE-03   fatal  BT-31 BT-32 BT-63 BT-48 BT-47
BR-AE-04   fatal  BT-31 BT-32 BT-63 BT-48 BT-47
BR-AE-05   fatal  BT-152
BR-AE-06   fatal  BT-96
BR-AE-07   fatal  BT-103
BR-IC-01   fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-IC-02   fatal  BT-31 BT-63 BT-48
BR-IC-03   fatal  BT-31 BT-63 BT-48
BR-IC-04   fatal  BT-31 BT-63 BT-48
BR-IC-05   fatal  BT-152
BR-IC-06   fatal  BT-96
BR-IC-07   fatal  BT-103
BR-IC-11   fatal  BT-72 BG-14
BR-IC-12   fatal  BT-80
BR-G-01    fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-G-02    fatal  BT-31 BT-63
BR-G-03    fatal  BT-31 BT-63
BR-G-04    fatal  BT-31 BT-63
BR-G-05    fatal  BT-152
BR-G-06    fatal  BT-96
BR-G-07    fatal  BT-103
BR-O-01    fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-O-02    fatal  BT-31 BT-63 BT-48
BR-O-03    fatal  BT-31 BT-63 BT-48
BR-O-04    fatal  BT-31 BT-63 BT-48
BR-O-05    fatal  BT-152
BR-O-06    fatal  BT-96
BR-O-07    fatal  BT-103
BR-O-11    fatal  BT-118
BR-O-12    fatal  BT-151
BR-O-13    fatal  BT-95
BR-O-14    fatal  BT-102
BR-AF-01   fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-AF-02   fatal  BT-31 BT-32 BT-63
BR-AF-03   fatal  BT-31 BT-32 BT-63
BR-AF-04   fatal  BT-31 BT-32 BT-63
BR-AF-05   fatal  BT-152
BR-AF-06   fatal  BT-96
BR-AF-07   fatal  BT-103
BR-AG-01   fatal  BG-23 BT-118 BT-151 BT-95 BT-102
BR-AG-02   fatal  BT-31 BT-32 BT-63
BR-AG-03   fatal  BT-31 BT-32 BT-63
BR-AG-04   fatal  BT-31 BT-32 BT-63
BR-AG-05   fatal  BT-152
BR-AG-06   fatal  BT-96
BR-AG-07   fatal  BT-103
BR-B-01    fatal  BT-118 BT-151 BT-95 BT-102
BR-B-02    fatal  BT-118 BT-151 BT-95 BT-102
""")
gather(
    "AccountingSupplierParty",
    "AccountingCustomerParty",
    "AllowanceCharge",
    "ClassifiedTaxCategory",
    "IdentificationCode",
    "InvoiceLine",
    "CreditNoteLine",
    "TaxCategory",
    "TaxRepresentativeParty",
)


class Rate(Enum):
    """What the VAT rate of a line, allowance or charge must be."""

    POSITIVE = auto()
    NOT_NEGATIVE = auto()
    ZERO = auto()
    ABSENT = auto()


class Seller(Enum):
    """Which identifier of the seller, or of the tax representative, a category asks for."""

    TAX = auto()  # any tax registration of the seller, or the representative's VAT identifier
    VAT = auto()  # a VAT identifier
    NONE = auto()  # neither, nor the buyer's


class Buyer(Enum):
    """Which identifier of the buyer a category asks for."""

    ANY = auto()
    VAT = auto()
    VAT_OR_LEGAL = auto()


@dataclass(frozen=True, slots=True)
class Category:
    """A VAT category and what its family of rules asks for.

    `reason`: whether a reason of exemption must, or must not, be given. `by_rate`: whether the
    breakdown has a row for each rate, and is compared within one unit of currency.
    """

    code: str
    family: str
    rate: Rate
    reason: bool
    seller: Seller
    buyer: Buyer = Buyer.ANY
    by_rate: bool = False


CATEGORIES: Final = (
    Category("S", "BR-S", Rate.POSITIVE, False, Seller.TAX, by_rate=True),
    Category("Z", "BR-Z", Rate.ZERO, False, Seller.TAX),
    Category("E", "BR-E", Rate.ZERO, True, Seller.TAX),
    Category("AE", "BR-AE", Rate.ZERO, True, Seller.TAX, Buyer.VAT_OR_LEGAL),
    Category("K", "BR-IC", Rate.ZERO, True, Seller.VAT, Buyer.VAT),
    Category("G", "BR-G", Rate.ZERO, True, Seller.VAT),
    Category("O", "BR-O", Rate.ABSENT, True, Seller.NONE),
    Category("L", "BR-AF", Rate.NOT_NEGATIVE, False, Seller.TAX, by_rate=True),
    Category("M", "BR-AG", Rate.NOT_NEGATIVE, False, Seller.TAX, by_rate=True),
)
BY_CODE: Final = {category.code: category for category in CATEGORIES}


# --- what the families ask of the whole document -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """Where tax categories of the scheme VAT stand: sets of their codes as normalized.

    `anywhere` is under any element, `items` on items, `allowances` and `charges` on those of any
    level, `extras` on both and on those that are neither. `items_any_scheme` and
    `extras_any_scheme` do not ask for the scheme, nor does `codes`, which are all there are.
    `breakdown` are the rows of BG-23.
    """

    codes: frozenset[str]
    anywhere: frozenset[str]
    items: frozenset[str]
    items_any_scheme: frozenset[str]
    allowances: frozenset[str]
    charges: frozenset[str]
    extras: frozenset[str]
    extras_any_scheme: frozenset[str]
    breakdown: tuple[Node, ...]


def use(document: Document) -> Use:
    """Gathers the tax categories of a document; ask through `Document.once`."""
    told = document.once(_in_lines) | _told(document.every)
    on_items = {(code, vat) for code, vat, where in told if where is Where.ITEM}
    on_extras = {each for each in told if each[2] not in (Where.ITEM, Where.ELSEWHERE)}
    return Use(
        codes=frozenset(code for code, _, _ in told),
        anywhere=frozenset(code for code, vat, _ in told if vat),
        items=frozenset(code for code, vat in on_items if vat),
        items_any_scheme=frozenset(code for code, _ in on_items),
        allowances=frozenset(
            code for code, vat, kind in on_extras if vat and kind is Where.ALLOWANCE
        ),
        charges=frozenset(code for code, vat, kind in on_extras if vat and kind is Where.CHARGE),
        extras=frozenset(code for code, vat, _ in on_extras if vat),
        extras_any_scheme=frozenset(code for code, _, _ in on_extras),
        breakdown=tuple(document.root.step("TaxTotal", "TaxSubtotal", "TaxCategory")),
    )


class Where(Enum):
    """Where a tax category stands."""

    ITEM = auto()
    ALLOWANCE = auto()
    CHARGE = auto()
    EXTRA = auto()  # an allowance or charge that does not say which
    ELSEWHERE = auto()


def _in_lines(document: Document) -> frozenset[tuple[str, bool, Where]]:
    return document.of_lines(_told)


def _told(every: Every) -> frozenset[tuple[str, bool, Where]]:
    """Code, whether the scheme is VAT, and place of tax categories."""
    told = {(_code(node), is_vat(node), Where.ITEM) for node in every("ClassifiedTaxCategory")}
    for node in every("TaxCategory"):
        where = Where.ELSEWHERE
        holder = node.parent
        if holder is not None and holder.path.name == "AllowanceCharge":
            where = _KINDS[indicator(holder)]
        told.add((_code(node), is_vat(node), where))
    return frozenset(told)


_KINDS: Final = {None: Where.EXTRA, False: Where.ALLOWANCE, True: Where.CHARGE}


def _code(node: Node) -> str:
    """The code of a tax category without white space around it."""
    code = node.text("ID")
    return code if code in BY_CODE else code.strip(WHITESPACE)


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Which tax identifiers the parties have."""

    seller_tax: bool
    seller_vat: bool
    representative_vat: bool
    buyer_vat: bool
    buyer_legal: bool

    def serve(self, category: Category) -> bool:
        """Whether they are what the family asks for (rules 02, 03 and 04)."""
        if category.seller is Seller.NONE:
            return not (self.seller_vat or self.representative_vat or self.buyer_vat)
        seller = self.seller_tax if category.seller is Seller.TAX else self.seller_vat
        if not (seller or self.representative_vat):
            return False
        if category.buyer is Buyer.VAT:
            return self.buyer_vat
        if category.buyer is Buyer.VAT_OR_LEGAL:
            return self.buyer_vat or self.buyer_legal
        return True


def identifiers(document: Document) -> Identifiers:
    """Looks the parties' tax identifiers up; ask through `Document.once`."""

    def registrations(party: str, *below: str) -> list[Node]:
        found = (node for holder in document.every(party) for node in holder.step(*below))
        return [
            scheme
            for node in found
            for scheme in node.every("PartyTaxScheme")
            if "CompanyID" in scheme.leaves
        ]

    seller = registrations("AccountingSupplierParty", "Party")
    return Identifiers(
        seller_tax=bool(seller),
        seller_vat=any(map(is_vat, seller)),
        representative_vat=any(map(is_vat, registrations("TaxRepresentativeParty"))),
        buyer_vat=any(map(is_vat, registrations("AccountingCustomerParty", "Party"))),
        buyer_legal=any(
            "CompanyID" in entity.leaves
            for holder in document.every("AccountingCustomerParty")
            for entity in holder.step("Party", "PartyLegalEntity")
        ),
    )


@nodes("/Invoice", "/CreditNote")
def families(root: Node, document: Document) -> None:
    """BR-x-01 to BR-x-04 of each category in use, and what is special to O, IC and B."""
    found = document.once(use)
    if not root.step("TaxTotal", "TaxSubtotal"):
        document.found("BR-CO-18", root, "TaxTotal/TaxSubtotal")
    rows = {node.value("ID"): node for node in found.breakdown if is_vat(node)}
    for category in (BY_CODE[code] for code in sorted(found.codes & BY_CODE.keys())):
        _breakdown_row(category, found, root, document)
        _identifiers(category, found, root, document)
    if "O" in rows and "ID" in rows["O"].leaves:
        outside_scope(found, root, document)
    if "K" in rows:
        intra_community(root, document)
    if "B" in found.codes:
        split_payment(root, document)


def _breakdown_row(category: Category, found: Use, root: Node, document: Document) -> None:
    """BR-x-01: a category in use has its row in the breakdown.

    Exactly one row, or for S, L and M, which have one for each rate, at least one; and none
    without use. S does not ask whether the scheme is VAT. L and M in use ask for a code without
    white space around it, L again without asking for the scheme.
    """
    code = category.code
    rows = [node for node in found.breakdown if node.value("ID") == code]
    vat_rows = [node for node in rows if is_vat(node)]
    if not category.by_rate:
        if code in found.anywhere and len(vat_rows) != 1:
            _missing_row(category, len(vat_rows), root, document)
        return
    if code == "S":
        used = code in found.extras_any_scheme or code in found.items_any_scheme
        wrong = used != bool(rows)
    else:
        used = code in found.extras or code in found.items
        strict = [node for node in (rows if code == "L" else vat_rows) if node.text("ID") == code]
        wrong = not strict if used else bool(vat_rows)
    if wrong:
        _missing_row(category, len(rows), root, document)


def _missing_row(category: Category, rows: int, root: Node, document: Document) -> None:
    document.found(
        f"{category.family}-01", root, "TaxTotal/TaxSubtotal", category=category.code, stated=rows
    )


def _identifiers(category: Category, found: Use, root: Node, document: Document) -> None:
    """BR-x-02, -03, -04: lines, allowances and charges of a category need certain identifiers.

    S asks for a line of the scheme VAT among those of category S of any scheme. L takes a charge
    only with a code without white space around it. O looks at the document's own allowances.
    """
    code = category.code
    lines, allowances = code in found.items, code in found.allowances
    charges = code in found.charges
    if code == "O" and (allowances or charges):
        allowances, charges = (_on_document(root, kind, code) for kind in (False, True))
    if code == "L" and charges:
        charges = any(
            node.text("ID") == code and is_vat(node)
            for holder in document.everywhere("AllowanceCharge")
            if indicator(holder)
            for node in holder.every("TaxCategory")
        )
    any_line = code in found.items_any_scheme if code == "S" else lines
    if not (any_line or allowances or charges):
        return
    served = document.once(identifiers).serve(category)
    for number, there, fine in (
        ("02", any_line, served and lines),
        ("03", allowances, served),
        ("04", charges, served),
    ):
        if there and not fine:
            document.found(f"{category.family}-{number}", root, category=code)


def _on_document(root: Node, charge: bool, code: str) -> bool:
    return any(
        node.value("ID") == code and is_vat(node)
        for holder in of_kind(root, charge)
        for node in holder.every("TaxCategory")
    )


def outside_scope(found: Use, root: Node, document: Document) -> None:
    """BR-O-11 to BR-O-14: a breakdown outside the scope of VAT leaves room for nothing else."""
    others = (
        ("BR-O-11", [node.value("ID") for node in found.breakdown if is_vat(node)]),
        ("BR-O-12", found.items),
        ("BR-O-13", found.allowances),
        ("BR-O-14", found.charges),
    )
    for rule, codes in others:
        strangers = sorted(set(codes) - {"O"})
        if strangers:
            document.found(rule, root, category="O", stated=", ".join(strangers) or "-")


def intra_community(root: Node, document: Document) -> None:
    """BR-IC-11, BR-IC-12: an intra-community supply tells when and to which country."""
    delivered = root.leaves_at("Delivery", "ActualDeliveryDate")
    period = any(node.leaves or node.nodes for node in root.every("InvoicePeriod"))
    if not period and not (len(delivered) == 1 and len(delivered[0].text or "") > 1):
        document.found("BR-IC-11", root, "Delivery/ActualDeliveryDate", category="K")
    country = root.leaves_at(
        "Delivery", "DeliveryLocation", "Address", "Country", "IdentificationCode"
    )
    if not (len(country) == 1 and len(country[0].text or "") > 1):
        missing = "Delivery/DeliveryLocation/Address/Country/IdentificationCode"
        document.found("BR-IC-12", root, missing, category="K")


def split_payment(root: Node, document: Document) -> None:
    """BR-B-01, BR-B-02: split payment is for Italy alone, and not beside the standard rate."""

    every = document.everywhere
    items = {node.text("ID") for node in every("ClassifiedTaxCategory")}
    anywhere = items | {node.text("ID") for node in every("TaxCategory")}
    if "B" not in anywhere:
        return
    abroad = [leaf for leaf in every("IdentificationCode") if (leaf.text or "") != "IT"]
    if abroad:
        document.found("BR-B-01", abroad[0], category="B", stated=abroad[0].text)
    rows = {node.text("ID") for node in document.once(use).breakdown}
    own = {node.text("ID") for node in root.step("AllowanceCharge", "TaxCategory")}
    standard = items | own | (rows if document.at >= MAY_2026 else set())
    if "B" in items | own | rows and "S" in standard:
        document.found("BR-B-02", root, category="B")


# --- rates of lines, allowances and charges ------------------------------------------------------


@all_nodes(
    "InvoiceLine/Item/ClassifiedTaxCategory",
    "CreditNoteLine/Item/ClassifiedTaxCategory",
)
def rate_of_item(found: Sequence[Node], document: Document) -> None:
    """BR-x-05: the rate on an item (BT-152) fits its category (BT-151)."""
    right: set[tuple[str, str]] = set()  # most lines say what a line before them said
    for node in found:
        told = (node.text("ID"), node.text("Percent"))
        if told not in right and _rate(node, document, "05"):
            right.add(told)


@nodes("AllowanceCharge/TaxCategory")
def rate_of_allowance(node: Node, document: Document) -> None:
    """BR-x-06, BR-x-07: the rate on an allowance or charge of any level fits its category."""
    kind = indicator(node.parent) if node.parent else None
    if kind is not None:
        _rate(node, document, "07" if kind else "06")


def _rate(node: Node, document: Document, number: str) -> bool:
    """Whether the rate would fit in any scheme; reports it when it does not and the scheme is VAT.

    No other scheme asks for a rate, so that what fits here fits with any.
    """
    category = BY_CODE.get(_code(node))
    if category is None:
        return True
    leaf = node.leaves.get("Percent")
    value = None if leaf is None else compared(leaf.text or "")
    match category.rate:
        case Rate.POSITIVE:
            fits = value is not None and value > 0
        case Rate.NOT_NEGATIVE:
            fits = value is not None and value >= 0
        case Rate.ZERO:
            fits = leaf is not None and decimal_of(leaf.text or "") == 0
        case Rate.ABSENT:
            fits = leaf is None
    if not fits and is_vat(node):
        at = node if leaf is None else leaf
        stated = None if leaf is None else leaf.text
        missing = "Percent" if leaf is None else ""
        rule = f"{category.family}-{number}"
        document.found(rule, at, missing, category=category.code, stated=stated)
    return fits
