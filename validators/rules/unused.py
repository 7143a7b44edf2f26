"""What UBL has and EN 16931 has no use for: an element that stands there all the same.

EN 16931 in UBL, UBL-CR-001 to UBL-CR-680. The table `unused.txt` has the path for each rule: below
the document, `Line/...` below its lines, `//...` anywhere, `.../@name` an attribute. A rule speaks
once for a document, at the first such element. A path is looked up when it is first met, so the
670 rules cost a document nothing that it does not use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

from validators.document import Document, Node
from validators.registry import MAY_2026, all_nodes, define, nodes

define("""
UBL-CR-002  warning
UBL-CR-412  warning  BT-9
UBL-CR-665  warning  BT-122
UBL-CR-666  fatal    BT-18
UBL-CR-673  fatal    BT-18
""")
# These never fire: the official tests look for elements where UBL does not let them stand.
define("UBL-CR-629 warning\nUBL-CR-630 warning\nUBL-CR-651 warning")

Check = Callable[[Sequence[Any], Document], None]


def _patterns(path: str) -> tuple[str, ...]:
    """The patterns of `validators.document.Checks` for a path of the table."""
    if path.startswith("//"):
        return (path[2:],)
    if path.startswith("Line/"):
        rest = path.removeprefix("Line/")
        return (f"/Invoice/InvoiceLine/{rest}", f"/CreditNote/CreditNoteLine/{rest}")
    return (f"/Invoice/{path}", f"/CreditNote/{path}")


def _record(found: Any) -> Any:
    """A leaf comes with the node around it."""
    return found if isinstance(found, Node) else found[0]


def _unused(rule: str) -> Check:
    def check(found: Sequence[Any], document: Document) -> None:
        record = _record(found[0])
        document.found(rule, record, once=True, name=record.path.name.rpartition("}")[2])

    return check


def _unused_attribute(rule: str, name: str) -> Check:
    def check(found: Sequence[Any], document: Document) -> None:
        for each in found:
            if name in _record(each).attributes:
                document.found(rule, _record(each), once=True, name=name)
                return

    return check


def table() -> list[tuple[str, str]]:
    """Rule and path, as in `unused.txt`."""
    text = resources.files(__package__).joinpath("unused.txt").read_text("utf-8")
    rows = (line.split() for line in text.splitlines() if line.startswith("UBL-CR-"))
    return [(rule, path) for rule, path in rows]


def _register() -> None:
    for rule, path in table():
        # Until 3.0.21 UBL-CR-674 looked for an element that UBL does not have.
        define(f"{rule} warning", since=MAY_2026 if rule == "UBL-CR-674" else None)
        element, _, attribute = path.partition("/@")
        check = _unused_attribute(rule, attribute) if attribute else _unused(rule)
        all_nodes(*_patterns(element))(check)


_register()


@nodes("/Invoice", "/CreditNote")
def version_and_due_date(root: Node, document: Document) -> None:
    """UBL-CR-002, UBL-CR-412: UBL 2.1 may be named; only credit notes have a due date there."""
    version = root.leaves.get("UBLVersionID")
    if version is not None and version.text != "2.1":
        document.found("UBL-CR-002", version, stated=version.text)
    due = root.leaves_at("PaymentMeans", "PaymentDueDate")
    if due and root.path.name == "Invoice":
        document.found("UBL-CR-412", due[0], name="PaymentDueDate")


@nodes("AdditionalDocumentReference")
def invoiced_object(node: Node, document: Document) -> None:
    """UBL-CR-665, -666, -673: a scheme is for the invoiced object, which has no file or text."""
    if node.text("DocumentTypeCode") != "130":
        for identifier in node.every_leaf("ID"):
            if identifier.get("schemeID") is not None:
                document.found("UBL-CR-665", identifier, once=True, name="schemeID")
        return
    for rule, name in (("UBL-CR-666", "Attachment"), ("UBL-CR-673", "DocumentDescription")):
        if node.has(name):
            document.found(rule, node, once=True, name=name)
