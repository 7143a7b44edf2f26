"""What stays of a page in a merged PDF: all that it shows, nothing that it does.

In charge of the list of what is kept. Whatever is not on it goes, so that nobody has to know all
the ways in which a PDF can act: scripts, launched programs, forms that send themselves, films,
enclosed files. Links to the web stay: they are shown before they are followed.
"""

from __future__ import annotations

from typing import Final

from pikepdf import Array, Dictionary, Name, Object, Page, Stream, String

# ISO 32000-1, table 30: what a page is drawn with.
_KEPT: Final = frozenset(
    {
        *("/Type", "/Parent", "/Resources", "/Contents", "/Group", "/Rotate", "/UserUnit"),
        *("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Annots"),
    }
)
_LINK_KEPT: Final = ("/Type", "/Subtype", "/Rect", "/Border", "/BS", "/C", "/F", "/QuadPoints")
_SCHEMES: Final = ("http://", "https://", "mailto:", "tel:")

# What a drawing (a form XObject, an image) may bring along that is not drawn: other files to fetch
# (OPI, Ref, AF), programs' own notes.
_BAGGAGE: Final = frozenset({"/OPI", "/Ref", "/AF", "/PieceInfo", "/Metadata", "/StructParent"})


def strip(page: Page) -> None:
    """Takes from the page all that is not shown."""
    leaf = page.obj
    for key in leaf.keys() - _KEPT:
        del leaf[key]
    notes = leaf.get("/Annots")
    if notes is not None:
        _keep_links(leaf, notes)
    _unload(leaf)


def _keep_links(leaf: Object, notes: Object) -> None:
    several = list(notes) if isinstance(notes, Array) else []
    links = [kept for note in several if (kept := _link(note)) is not None]
    if links:
        leaf["/Annots"] = Array(links)
    else:
        del leaf["/Annots"]


def _link(note: Object) -> Dictionary | None:
    """A link to the web, with nothing but where it leads; None for every other annotation."""
    if not isinstance(note, Dictionary) or note.get("/Subtype") != Name.Link:
        return None
    action = note.get("/A")
    if not isinstance(action, Dictionary) or action.get("/S") != Name.URI:
        return None
    address = action.get("/URI")
    if not isinstance(address, String) or not str(address).lower().startswith(_SCHEMES):
        return None
    kept = Dictionary(A=Dictionary(S=Name.URI, URI=address))
    for key in _LINK_KEPT:
        if key in note:
            kept[key] = note[key]
    return kept


def _unload(leaf: Object) -> None:
    """Takes the baggage from the drawings of a page, and from those inside them."""
    left, seen = [leaf.get("/Resources")], set()
    while left:
        resources = left.pop()
        drawings = resources.get("/XObject") if isinstance(resources, Dictionary) else None
        if not isinstance(drawings, Dictionary):
            continue
        for drawing in drawings.values():
            if not isinstance(drawing, Stream) or drawing.objgen in seen:
                continue
            seen.add(drawing.objgen)
            for key in drawing.keys() & _BAGGAGE:
                del drawing[key]
            left.append(drawing.get("/Resources"))
