"""An invoice as people read it: its image as PDF, and the files inside it.

In charge of getting both out of the stored UBL, and of telling which PDF is the image and what a
channel leaves out. Pure; drawing is worth a thread or a process of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.events import Type
from gateway.image_rule import ImageRule
from gateway.intake.attachment import embedded
from gateway.intake.policy import Why
from gateway.pdf.logo import Logo
from gateway.pdf.render import render
from gateway.store.port import NewEvent
from schemas.invoice import Invoice
from schemas.ubl.read import read
from transports.base import File
from validators.pipeline import parse


def image(document: bytes, language: str, logo: Logo | None = None) -> bytes:
    """The invoice as PDF: the same bytes for the same document, language and logo, until the
    drawing changes. What a channel carried is therefore kept."""
    return render(_invoice(document), language, logo)


def inside(document: bytes) -> tuple[File, ...]:
    """The files inside the invoice (BG-24): the same for the same document."""
    return embedded(_invoice(document))


def chosen(channel: str, rule: ImageRule, first: File | None, image: File | None) -> NewEvent:
    """The event of what people get as the invoice, where the company has a rule."""
    if image is None:
        code, text = "image.omitted", "The invoice goes without a PDF of it, as the company wants."
    elif image is first:
        code = "image.first_attachment"
        text = f"The first attachment, {image.name}, goes as the invoice's PDF."
    else:
        code, why = "image.drawn", "this channel needs one"
        if rule is ImageRule.FIRST_ATTACHMENT:
            why = "there is no attachment"
            if first is not None:
                why = f"the first attachment, {first.name}, is no PDF that opens"
        text = f"The invoice's PDF was drawn from the document after all: {why}."
    data = {"channel": channel, "code": code, "text": text}
    if image is not None and image is first:
        data["file"] = image.name
    return NewEvent(Type.IMAGE_CHOSEN, data)


def left_out(channel: str, left: Sequence[tuple[File, Why]]) -> NewEvent:
    """The event of attachments that a channel does not carry."""
    told = ", ".join(f"{file.name} ({_BECAUSE[why]})" for file, why in left)
    text = f"The invoice goes by {channel} without: {told}."
    files = [file.name for file, _ in left]
    return NewEvent(
        Type.LEFT_OUT,
        {"channel": channel, "code": "attachment.left_out", "text": text, "files": files},
    )


_BECAUSE: Final = {
    Why.KIND: "it carries no such files beside the invoice",
    Why.FILES: "it carries no more of them",
    Why.FILE_BYTES: "too large for it",
    Why.TOTAL_BYTES: "with the others too large for it",
}


def _invoice(document: bytes) -> Invoice:
    root = parse(document)
    if isinstance(root, tuple):  # it was parsed when it was accepted
        raise ValueError(f"the stored document can not be parsed: {root[0].rule}")
    return read(root)
