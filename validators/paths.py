"""Paths of elements, and which checks look at which path.

In charge of patterns such as `Price/AllowanceCharge`, and of working out once for each path what
looks at it. Not in charge of any check (`validators.rules`), nor of who registered it
(`validators.registry`).

Each distinct path is one `Path` object, shared by all documents of the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.ubl.structure import ROOTS, TYPES, children
from validators.form import Forms

Check = Callable[..., None]


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """A check that is asked about one element at a time; of `pairs`, a leaf and what it is in."""

    function: Check
    pairs: bool

    def __call__(self, found: Sequence[Any], document: Any) -> None:
        """Asks about all of them."""
        for each in self.singly(found):
            self.function(*each, document)

    def singly(self, found: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        """What `function` is given for each."""
        return found if self.pairs else [(node,) for node in found]


# Paths kept for all documents. UBL has some 3,000; only extension content can make more of them.
_MOST_PATHS: Final = 20_000

_LEAF_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_DECLARED: Final = frozenset(
    (
        *(child.tag for name in TYPES for child in children(name)),
        *(f"{{{namespace}}}{name}" for name, namespace in ROOTS.items()),
    )
)

# Leaves that hold one of a few words: what `Path.is_code` says.
_CODES: Final = ("Code", "Indicator")
_NO_CODES: Final = frozenset(("AccountingCostCode", "ItemClassificationCode"))
_ALSO_CODES: Final = frozenset(("CustomizationID", "Percent", "ProfileID", "UBLVersionID"))
_CODED_BY_ID: Final = frozenset(
    ("ClassifiedTaxCategory", "FinancialInstitutionBranch", "TaxCategory", "TaxScheme")
)


class Path:
    """A path of element names, such as Invoice/InvoiceLine/Item, and the checks that look at it.

    `is_code`: a leaf that says the same in many documents (a currency, a category, a rate), and
    nothing about anyone. `is_amount`: an amount of money, prices apart.
    """

    __slots__ = (
        "checks",
        "foreign",
        "gathered",
        "is_amount",
        "is_code",
        "is_leaf",
        "is_tax_number",
        "name",
        "names",
        "parent",
        "steps",
        "tag",
    )

    def __init__(self, tag: str, parent: Path | None, checks: Checks) -> None:
        namespace, _, name = tag.rpartition("}")
        self.tag = tag
        # Inside an extension anything may stand, even what UBL has no element for in UBL's own
        # namespaces. It keeps its namespace, so no pattern fits it but a suffix, as officially.
        self.foreign = checks.aggregates is None and tag not in _DECLARED
        self.name = tag if self.foreign else name
        self.parent = parent
        self.names: tuple[str, ...] = (*parent.names, self.name) if parent else (self.name,)
        if checks.aggregates is None:
            self.is_leaf = namespace[1:] == _LEAF_NAMESPACE and not self.foreign
        else:
            self.is_leaf = name not in checks.aggregates
        self.is_code = self.is_leaf and _is_code(self.names)
        self.is_amount = self.name.endswith("Amount") and not self.name.endswith("PriceAmount")
        self.is_tax_number = self.names[-2:] == ("PartyTaxScheme", "CompanyID")
        self.steps: dict[str, Path] = {}
        self.checks: tuple[Check, ...] = checks.matching(self)
        self.gathered = self.name in checks.gathered


def _is_code(names: tuple[str, ...]) -> bool:
    name = names[-1]
    if name == "ID":
        return len(names) > 1 and names[-2] in _CODED_BY_ID
    if name == "PaymentID":  # in a line, where only whether all are the same is asked
        return len(names) > 3
    return (name.endswith(_CODES) and name not in _NO_CODES) or name in _ALSO_CODES


class Checks:
    """Which checks look at which paths, and the paths met so far. One per profile.

    A pattern is the end of a path (`Price/AllowanceCharge`), or all of it when it begins with a
    slash (`/Invoice/AllowanceCharge`); `*Amount` is any name that ends so. `childless` look at
    elements without children, `attributed` at those with attributes, whatever their path.
    `gathered` are element names to be listed for rules that ask whether such an element stands
    anywhere in the document. `aggregates` are the names of elements that hold others; None: in UBL
    2 the namespace tells. `national` has the countries of the checks that look only at documents of
    some country, and `countries_of` says which countries a document is of. `lines` are the names of
    the elements that a document has many of, at its end; of each line the text of the leaf `column`
    is kept.
    """

    def __init__(
        self,
        patterns: Mapping[str, tuple[Check, ...]],
        gathered: frozenset[str] = frozenset(),
        aggregates: frozenset[str] | None = None,
        national: Mapping[Check, frozenset[str]] | None = None,
        countries_of: Callable[[Any], frozenset[str]] | None = None,
        *,
        childless: tuple[Check, ...] = (),
        attributed: tuple[Check, ...] = (),
        lines: frozenset[str] = frozenset(),
        column: str = "",
    ) -> None:
        self.gathered = gathered
        self.national = national or {}
        self._countries_of = countries_of
        self._countries: frozenset[str] = frozenset().union(*self.national.values())
        self.aggregates = aggregates
        self.childless = childless
        self.attributed = attributed
        self.lines = tuple(sorted(lines))
        self.column = column
        self.forms = Forms()
        self._suffixes: list[tuple[str, tuple[Check, ...]]] = []
        self._ends: dict[str, list[tuple[tuple[str, ...], bool, Check]]] = {}
        for pattern, functions in patterns.items():
            if pattern.startswith("*"):
                self._suffixes.append((pattern[1:], functions))
                continue
            names = tuple(pattern.lstrip("/").split("/"))
            for function in functions:
                self._ends.setdefault(names[-1], []).append(
                    (names, pattern.startswith("/"), function)
                )
        self._roots: dict[str, Path] = {}
        self._count = 0

    def matching(self, path: Path) -> tuple[Check, ...]:
        """The checks whose pattern fits `path`, in the order they were registered."""
        self._count += 1
        names = path.names
        return (
            *(
                function
                for wanted, whole, function in self._ends.get(path.name, ())
                if names[-len(wanted) :] == wanted and (not whole or len(names) == len(wanted))
            ),
            *(
                function
                for suffix, functions in self._suffixes
                if path.name.endswith(suffix)
                for function in functions
            ),
        )

    def countries(self, document: Any) -> frozenset[str]:
        """The countries a document is of, among those that have rules of their own."""
        if not self._countries or self._countries_of is None:
            return frozenset()
        concerned: frozenset[str] = document.once(self._countries_of)
        return self._countries & concerned

    def root(self, tag: str) -> Path:
        """The path of a root element; forgets all paths when there are too many of them."""
        if self._count > _MOST_PATHS:
            self._roots, self._count = {}, 0
        found = self._roots.get(tag)
        if found is None:
            found = self._roots.setdefault(tag, Path(tag, None, self))
        return found

    def apart(self, tag: str) -> Path:
        """A path of its own for an element whose place nobody describes."""
        return Path(tag, None, self)

    def step(self, path: Path, tag: str) -> Path:
        """The path of an element `tag` in an element at `path`."""
        found = path.steps.get(tag)
        if found is None:
            found = path.steps.setdefault(tag, Path(tag, path, self))
        return found
