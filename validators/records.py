"""The elements of a part as the rules see them: leaves and nodes.

In charge of the form in which a rule meets an element. They stand on a sheet (`validators.sheet`),
and say of the values that are filled in there. Not in charge of any rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from validators.paths import Path
    from validators.sheet import Sheet

WHITESPACE: Final = " \t\r\n"  # XML's own four; str.strip() alone would take no-break spaces too


class Leaf:
    """An element without children. Its text is that of the sheet it is on."""

    __slots__ = ("attributes", "index", "name", "path", "sheet", "spot")

    def __init__(self, path: Path, index: int, spot: int, sheet: Sheet) -> None:
        self.path = path
        self.name = path.name
        self.index = index
        self.spot = spot
        self.sheet = sheet
        self.attributes: dict[str, str] = NONE

    @property
    def country(self) -> str:
        """The first two characters of the text."""
        return (self.text or "")[:2]

    @property
    def text(self) -> str | None:
        """The text as it stands, None of an element that has none."""
        sheet = self.sheet
        sheet.document.asked = True
        text = sheet.values[self.spot]
        return text if "&" not in text else _plain(text)

    @property
    def said(self) -> bool:
        """Whether there is any text but white space."""
        return self.spot not in self.sheet.odd.blank

    @property
    def fine(self) -> bool:
        """Whether an amount has more than two characters after its point."""
        return self.spot in self.sheet.odd.fine

    def get(self, name: str, otherwise: Any = None) -> Any:
        """The attribute called so."""
        return self.attributes.get(name, otherwise)


class Code(Leaf):
    """A leaf whose text is known with the form: see `Known`."""

    __slots__ = ()

    @property
    def text(self) -> str | None:
        """The text as it stands."""
        text = self.sheet.values[self.spot]
        return text if "&" not in text else _plain(text)


class Empty(Leaf):
    """A leaf that the form says has no text."""

    __slots__ = ()

    @property
    def text(self) -> str | None:
        """None."""
        return None

    @property
    def said(self) -> bool:
        """Never."""
        return False


class TaxNumber(Leaf):
    """A leaf with a tax number, whose country is known with the form: see `Known`."""

    __slots__ = ()

    @property
    def country(self) -> str:
        """Its first two characters."""
        return country_of(self.sheet.values[self.spot])


def country_of(number: str) -> str:
    """The first two characters of a tax number as it stands among the values."""
    return _plain(number)[:2] if "&" in number else number[:2]


class File(Leaf):
    """A leaf with the name of a file, which is no part of the form."""

    __slots__ = ("spot_of_name",)

    def __init__(self, path: Path, index: int, spot: int, sheet: Sheet, spot_of_name: int) -> None:
        super().__init__(path, index, spot, sheet)
        self.spot_of_name = spot_of_name

    def get(self, name: str, otherwise: Any = None) -> Any:
        """The attribute called so."""
        if name != "filename":
            return self.attributes.get(name, otherwise)
        sheet = self.sheet
        sheet.document.asked = True
        return _plain(sheet.values[self.spot_of_name])


class EmptyFile(File, Empty):
    """A leaf with the name of a file, and no text."""

    __slots__ = ()


# What libxml2 writes otherwise than it stands; `&` comes last.
_ESCAPED: Final = (
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", '"'),
    ("&#9;", "\t"),
    ("&#10;", "\n"),
    ("&amp;", "&"),
)


def _plain(text: str) -> str:
    for escaped, plain in _ESCAPED:
        text = text.replace(escaped, plain)
    return text


# Most elements have no attributes, and most elements with children have leaves alone.
NONE: Final[dict[str, Any]] = {}


class Node:
    """An element with children: `leaves` by name, `nodes` by name, the first of each.

    `repeated` holds, by name, all the elements of a name that stands more than once. A line has no
    `parent`: it can be looked at without what it stands in.
    """

    __slots__ = ("attributes", "index", "leaves", "nodes", "parent", "path", "repeated", "sheet")

    def __init__(self, path: Path, index: int, parent: Node | None, sheet: Sheet) -> None:
        self.path = path
        self.index = index
        self.parent = parent
        self.sheet = sheet
        self.attributes: dict[str, str] = NONE
        self.leaves: dict[str, Leaf] = {}
        self.nodes: dict[str, Node] = NONE
        self.repeated: dict[str, list[Any]] | None = None

    def text(self, name: str) -> str:
        """The text of the leaf `name` as it stands, "" when there is none."""
        leaf = self.leaves.get(name)
        return "" if leaf is None else leaf.text or ""

    def value(self, name: str) -> str:
        """The text of the leaf `name` without white space around it, "" when there is none."""
        leaf = self.leaves.get(name)
        return "" if leaf is None else (leaf.text or "").strip(WHITESPACE)

    def says(self, name: str) -> bool:
        """Whether the leaf `name` is here and has any text but white space."""
        leaf = self.leaves.get(name)
        return leaf is not None and leaf.said

    def every_leaf(self, name: str) -> Sequence[Leaf]:
        """All leaves called `name`."""
        if self.repeated and name in self.repeated:
            return self.repeated[name]
        leaf = self.leaves.get(name)
        return () if leaf is None else (leaf,)

    def every(self, name: str) -> Sequence[Node]:
        """All nodes called `name`."""
        if self.repeated and name in self.repeated:
            return self.repeated[name]
        node = self.nodes.get(name)
        return () if node is None else (node,)

    def step(self, *names: str) -> Sequence[Node]:
        """All nodes at the path `names` below this one."""
        found: Sequence[Node] = (self,)
        for name in names:
            if len(found) == 1:
                found = found[0].every(name)
            else:
                found = [kin for node in found for kin in node.every(name)]
        return found

    def leaves_at(self, *names: str) -> Sequence[Leaf]:
        """All leaves at the path `names` below this one."""
        found = self.step(*names[:-1])
        if len(found) == 1:
            return found[0].every_leaf(names[-1])
        return [leaf for node in found for leaf in node.every_leaf(names[-1])]

    def has(self, name: str) -> bool:
        """Whether a leaf or node called `name` stands here."""
        return name in self.leaves or name in self.nodes
