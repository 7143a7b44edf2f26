"""The table of the demo: each invoice, and what is foretold of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.sandbox import SENDER, SENDER_NO, Seed

# Beside the package in a checkout, inside it when installed from a wheel.
EXAMPLES = next(
    folder
    for folder in (Path(__file__).parents[2] / "examples", Path(__file__).parents[1] / "examples")
    if folder.is_dir()
)


@dataclass(frozen=True, slots=True)
class Story:
    """One invoice and what is foretold of it.

    `file` and `attach` are in examples/, which tell the recipient and so the partners' behaviour.
    `tried` are the attempts in order, as "channel outcome"; `breaks` the rules of a rejected one;
    `business` is what its buyer says of it.
    """

    title: str
    file: str
    ends: str
    tried: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    attach: tuple[str, ...] = ()
    business: str = "none"
    sender: Seed = SENDER

    @property
    def content(self) -> bytes:
        """The request body, or with attachments its part `document`."""
        return (EXAMPLES / self.file).read_bytes()


STORIES = (
    Story(
        "To a company on this gateway",
        "se-b2b-invoice.json",
        ends="delivered",
        tried=("internal delivered",),
    ),
    Story(
        "The same from Norway, in UBL",
        "no-b2b-invoice.xml",
        ends="delivered",
        tried=("internal delivered",),
        sender=SENDER_NO,
    ),
    Story(
        "By e-mail, with an attachment",
        "se-b2b-email-with-attachment.json",
        ends="sent",
        tried=(
            "internal unreachable",
            "peppol unreachable",
            "operator unreachable",
            "kivra unreachable",
            "email sent",
        ),
        attach=("timesheet.pdf",),
    ),
    Story(
        "Over Peppol, to a company at another access point",
        "se-b2b-peppol.json",
        ends="delivered",
        tried=("internal unreachable", "peppol sent"),
    ),
    Story(
        "Over Peppol, and the buyer accepts it by an Invoice Response",
        "se-b2b-peppol-answered.json",
        ends="delivered",
        tried=("internal unreachable", "peppol sent"),
        business="accepted",
    ),
    Story(
        "To a company that an e-invoice operator knows",
        "se-b2b-operator.json",
        ends="delivered",
        tried=("internal unreachable", "peppol unreachable", "operator sent"),
    ),
    Story(
        "To a consumer's internet bank",
        "se-b2c-bank.json",
        ends="delivered",
        tried=(
            "internal unreachable",
            "peppol unreachable",
            "operator unreachable",
            "bank_se sent",
        ),
    ),
    Story(
        "To a consumer's mailbox in Kivra",
        "se-b2c-kivra.json",
        ends="delivered",
        tried=(
            *("internal unreachable", "peppol unreachable", "operator unreachable"),
            *("bank_se unreachable", "kivra delivered"),
        ),
    ),
    Story(
        "To a Norwegian consumer's net bank",
        "no-b2c-efaktura.json",
        ends="delivered",
        tried=("efaktura_no unreachable", "efaktura_no sent"),
        sender=SENDER_NO,
    ),
    Story(
        "Rejected by a status over Peppol: a letter instead",
        "se-b2b-peppol-rejected.json",
        ends="delivered",
        tried=(
            *("internal unreachable", "peppol sent", "operator unreachable"),
            *("kivra unreachable", "letter sent"),
        ),
    ),
    Story(
        "The mail server asks to come back later",
        "se-b2b-email-later.json",
        ends="sent",
        tried=(
            *("internal unreachable", "peppol unreachable", "operator unreachable"),
            *("kivra unreachable", "email try_later", "email sent"),
        ),
    ),
    Story(
        "The mailbox does not exist: a letter instead",
        "no-b2c-email-refused-then-letter.json",
        ends="delivered",
        tried=(*3 * ("efaktura_no unreachable",), "email refused", "letter sent"),
        sender=SENDER_NO,
    ),
    Story(
        "The letter comes back, and no way is left",
        "se-b2c-letter-returned.json",
        ends="failed",
        tried=("internal unreachable", "peppol unreachable", "operator unreachable", "letter sent"),
    ),
    Story(
        "The stated total is wrong",
        "broken-wrong-total.json",
        ends="rejected",
        breaks=("BR-CO-15",),
    ),
    Story(
        "Many mistakes, all told at once",
        "broken-many-mistakes.json",
        ends="rejected",
        breaks=(
            "BR-CL-14",
            "BR-CL-23",
            "BR-CO-16",
            "PEPPOL-COMMON-R049",
            "PEPPOL-EN16931-R003",
            "PEPPOL-EN16931-R120",
            "SE-R-006",
        ),
    ),
)
