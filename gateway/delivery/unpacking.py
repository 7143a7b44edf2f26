"""Where packages that others made are opened: ZIP files, e-mails, PDFs with an invoice inside.

In charge of the process that does it before anything is accepted, and of a package that sends it
astray: that is refused as any other wrong document. What is done there is `submission.check`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any, Final, TypeVar

import structlog
from pypdf import PdfWriter

from gateway.delivery.processes import Processes
from gateway.delivery.workshop import NotLoaded, WorkFailed, Workshop
from gateway.intake import mail
from gateway.intake.contents import Contents, fault
from gateway.intake.kind import MAIL, PDF, ZIP
from gateway.intake.submission import Refused, check
from gateway.pdf import bounds
from transports.base import File
from validators.messages import texts

log = structlog.get_logger()

T = TypeVar("T")

# A busy machine ends a process too: only what fails twice is refused.
_TRIES: Final = 2


_TOO_MUCH: Final = fault(
    "GUARD-PACKAGE",
    "",
    "To open it took more time or memory than any invoice needs.",
    "Send the invoice as JSON or XML, and the files beside it as attachments.",
)


def unpackers(number: int = 1) -> Processes:
    """Processes that stay within `gateway.pdf.bounds` and can open nothing. They are started when
    there is work for them."""
    return Processes(
        number,
        limit_s=bounds.LIMIT_S,
        processor_s=bounds.PROCESSOR_S,
        memory_bytes=bounds.MEMORY_BYTES,
        begin=load,
        sealed=True,
    )


class Unpacking:
    """Checks packages in the workshop given, which should be of `unpackers`."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def check(self, original: File) -> Mapping[str, Any] | Refused:
        """The wishes for the delivery of the document inside, or all that is wrong with it."""
        checked = await self._done(original.media_type, len(original.content), check, original)
        return Refused((_TOO_MUCH,)) if checked is None else checked

    async def mailed(self, content: bytes) -> Contents:
        """The files of an e-mail, or all that is wrong with it."""
        found = await self._done(MAIL, len(content), mail.contents, content)
        return Contents(faults=(_TOO_MUCH,)) if found is None else found

    async def _done(
        self, media_type: str, size: int, work: Callable[..., T], *arguments: Any
    ) -> T | None:
        """The work done; None where it takes more than it should."""
        for _ in range(_TRIES):
            try:
                return await self._workshop.run(size, work, *arguments)
            except (WorkFailed, NotLoaded) as failure:
                reason = str(failure).strip().rpartition("\n")[2][:200]
                log.warning("unpacking_failed", media_type=media_type, reason=reason)
        return None


def load() -> None:
    """Loads what the work needs: a process that is sealed can open no file any more."""
    bounds.load()
    texts("en")
    written = _mail()
    attached = b"Content-Type: message/rfc822\r\n\r\n" + written
    for package in (
        File("document.zip", ZIP, _zip()),
        *(File("document.eml", MAIL, content) for content in (written, attached, b"")),
        *(File("document.pdf", PDF, content) for content in (_pdf(), b"%PDF-1.7")),
    ):
        check(package)


_XML: Final = (
    b'<CrossIndustryInvoice xmlns="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>'
)


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("invoice.json", b'{"invoice": {"number": 1, "nmuber": "2"}}')
    return out.getvalue()


def _mail() -> bytes:
    """An e-mail of what e-mails are made of: encoded names and texts, and a file that is broken."""
    message = EmailMessage()
    message["Subject"] = "Fakturan från Åre"
    message.set_content("Hälsningar", cte="quoted-printable", charset="iso-8859-15")
    message.add_attachment(_XML, maintype="application", subtype="xml", filename="fråga.xml")
    return message.as_bytes().replace(b"=\n", b"=\n!=\n")


def _pdf() -> bytes:
    out = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(10, 10)
    writer.add_attachment("factur-x.xml", _XML)
    writer.encrypt("")
    writer.write(out)
    return out.getvalue()
