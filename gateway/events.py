"""What can happen to a document: the closed list of event types.

In charge of the names and of what each one means and does not promise. Not in charge of writing
them (`gateway.delivery`, `gateway.store`). The event feed carries exactly these; the table in
docs/reference/events.md is made from this file.

The data of every event is public: it may be shown to the ERP's people as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """The type of an event."""

    RECEIVED = "document.received"
    REJECTED = "document.rejected"
    NOT_SCANNED = "document.not_scanned"
    FETCHED = "document.fetched"
    ATTACHMENT_ERROR = "document.attachment_error"
    REPAIRED = "document.repaired"
    ROUTED = "document.routed"
    IMAGE_CHOSEN = "document.image_chosen"
    LEFT_OUT = "document.left_out"
    MERGED = "document.merged"
    LINKED = "document.linked"
    OPENED = "document.opened"
    UNLINKED = "document.unlinked"
    ATTEMPTED = "document.attempted"
    SENT = "document.sent"
    DELIVERED = "document.delivered"
    REPORTED = "document.reported"
    UNCONFIRMED = "document.unconfirmed"
    ANSWERED = "document.answered"
    WAITING = "document.waiting"
    HELD = "document.held"
    RELEASED = "document.released"
    RETRIED = "document.retried"
    CHOSEN = "document.chosen"
    RESENT = "document.resent"
    REROUTED = "document.rerouted"
    RECHECKED = "document.rechecked"
    RECALLING = "document.recalling"
    NOT_RECALLED = "document.not_recalled"
    CANCELLED = "document.cancelled"
    FAILED = "document.failed"
    ARRIVED = "inbox.received"
    INBOX_NEW = "inbox.new"
    INBOX_BLOCKED = "inbox.blocked"
    INBOX_ATTACHMENT_ERROR = "inbox.attachment_error"
    INBOX_RELEASED = "inbox.released"
    INBOX_REPAIRED = "inbox.repaired"
    CONFIRMED = "inbox.confirmed"
    INBOX_HANDLED = "inbox.handled"
    REPLIED = "inbox.answered"
    WEBHOOK_OFF = "webhook.switched_off"
    COMPANY_ASKED = "company.asked"
    COMPANY_SIGNED = "company.signed"
    COMPANY_NOT_SIGNED = "company.not_signed"
    COMPANY_VERIFIED = "company.verified"
    COMPANY_RECHECK_DUE = "company.recheck_due"
    COMPANY_LAPSED = "company.lapsed"
    COMPANY_REVOKED = "company.revoked"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event says, what it does not promise, and the names its data may have."""

    says: str
    not_promised: str
    data: tuple[str, ...] = ()


WHY = ("code", "text")

MEANINGS: dict[Type, Meaning] = {
    Type.RECEIVED: Meaning(
        "The document is durable with us.",
        "It has not been looked at: it may still be rejected.",
    ),
    Type.REJECTED: Meaning(
        "The document has fatal findings and will not be sent.",
        "Nothing was told to the recipient. A corrected document is a new one.",
        (*WHY, "findings"),
    ),
    Type.NOT_SCANNED: Meaning(
        "The virus scanner did not answer, and the document went on without it: the operator has"
        " chosen that.",
        "It is not looked at later.",
        WHY,
    ),
    Type.FETCHED: Meaning(
        "A file that the document names was fetched: it is an attachment from now on.",
        "Others may still be missing, and none of them has been looked at.",
        (*WHY, "attachment", "file", "size_bytes"),
    ),
    Type.ATTACHMENT_ERROR: Meaning(
        "A file that the document names could not be fetched, for this reason.",
        "The document is not lost: it waits or is held, as the next event tells. The same reason is"
        " told once, however often it is tried.",
        (*WHY, "attachment", "file"),
    ),
    Type.REPAIRED: Meaning(
        "A person did something about a file that is missing: handed it in (`handed_in`), left it"
        " out (`left_out`), or has it fetched again or from another address (`fetch`).",
        "A file that is fetched again may be missing again.",
        (*WHY, "how", "attachments", "file", "reason"),
    ),
    Type.ROUTED: Meaning(
        "The document is valid, and its route is planned.",
        "No channel has been asked yet whether it reaches the recipient.",
        ("steps",),
    ),
    Type.IMAGE_CHOSEN: Meaning(
        "What people get as the invoice by a channel, where a rule of the company says something"
        " else than a PDF that we draw: its first attachment, or none; or why it was drawn after"
        " all.",
        "Nothing has been handed over by that.",
        ("channel", *WHY, "file"),
    ),
    Type.LEFT_OUT: Meaning(
        "Attachments that a channel does not carry: it carries the invoice without them.",
        "Nothing has been handed over by that. What a letter leaves out, its own attempt tells.",
        ("channel", *WHY, "files"),
    ),
    Type.MERGED: Meaning(
        "For a channel that wants one PDF, the invoice and its attachments were merged, or not; and"
        " which files stay by themselves, and why.",
        "Nothing has been handed over by that.",
        ("channel", *WHY, "pages", "merged", "apart", "shrunk"),
    ),
    Type.LINKED: Meaning(
        "The files are too large for a channel: it carries a link to them, which opens `until`.",
        "Nothing has been handed over by that.",
        ("channel", *WHY, "until", "files"),
    ),
    Type.OPENED: Meaning(
        "The page behind a link was opened, or a file of it fetched.",
        "It need not have been a person: mail servers open links to look for harm. A few openings a"
        " day are told, not all.",
        ("channel", *WHY, "file"),
    ),
    Type.UNLINKED: Meaning(
        "A person took the link back: it opens nothing any more.",
        "What was fetched before stays with who fetched it.",
        (*WHY, "reason"),
    ),
    Type.ATTEMPTED: Meaning(
        "A channel was asked or tried, and this is what it answered.",
        "It says nothing of what comes next: an event of the new state follows.",
        ("leg", "channel", "outcome", *WHY),
    ),
    Type.SENT: Meaning(
        "A channel took responsibility for the document.",
        "The recipient may not have it yet, and it may come back.",
        ("channel", *WHY, "expects", "until"),
    ),
    Type.DELIVERED: Meaning(
        "There is proof that the recipient's side has the document.",
        "Nobody need have read, accepted or booked it; a letter may still be returned.",
        ("channel", *WHY),
    ),
    Type.REPORTED: Meaning(
        "A channel told something later about an attempt that had ended.",
        "The state changes only if another event says so.",
        ("leg", "channel", "outcome", *WHY),
    ),
    Type.UNCONFIRMED: Meaning(
        "The report that a channel owed us has not come in time.",
        "The document counts as sent all the same; the report may still come.",
        ("channel", *WHY, "expects", "until"),
    ),
    Type.ANSWERED: Meaning(
        "The buyer has answered the invoice: `business` is what he says of it.",
        "It has no legal effect by itself, and nothing was booked by it.",
        (*WHY, "business", "reasons"),
    ),
    Type.WAITING: Meaning(
        "Nothing happens until `next_at`; then it goes on by itself.",
        "It may be taken up a little later than `next_at`, never earlier.",
        ("channel", *WHY, "next_at"),
    ),
    Type.HELD: Meaning(
        "Nothing happens until a person decides.",
        "A document held in the middle of an attempt may have reached its recipient.",
        (*WHY, "reason", "idempotency_key", "candidates"),
    ),
    Type.RELEASED: Meaning(
        "A person let a held document go on.",
        "It has not been sent by that.",
        (*WHY, "reason", "idempotency_key"),
    ),
    Type.RETRIED: Meaning(
        "A person had the document tried again.",
        "It has not been sent by that; the recipient may get it twice.",
        (*WHY, "reason", "idempotency_key"),
    ),
    Type.CHOSEN: Meaning(
        "A person chose one of several possible recipients, by its `address` on the channel.",
        "It has not been sent by that.",
        (*WHY, "address", "reason", "idempotency_key"),
    ),
    Type.RESENT: Meaning(
        "A person had a document that was sent already sent once more, from its first channel.",
        "It has not been sent by that; the recipient may get it twice.",
        (*WHY, "reason", "idempotency_key"),
    ),
    Type.REROUTED: Meaning(
        "A person gave the document another route, or its recipient another address; the new plan"
        " follows.",
        "It has not been sent by that; the recipient may get it twice.",
        (*WHY, "reason", "idempotency_key"),
    ),
    Type.RECHECKED: Meaning(
        "The time is over that the recipient was given to agree to a channel: the channels before"
        " are asked once more, and then the next one.",
        "Nobody need have agreed.",
        ("leg", "channel", *WHY),
    ),
    Type.RECALLING: Meaning(
        "A person wants a document back that a channel has: the channel is asked for it.",
        "It may say no. The state changes only if another event says so.",
        ("channel", *WHY, "reason", "idempotency_key"),
    ),
    Type.NOT_RECALLED: Meaning(
        "The channel did not take the document back, for this reason: all is as it was.",
        "It may be asked once more.",
        ("channel", *WHY),
    ),
    Type.CANCELLED: Meaning(
        "A person stopped the document, or its channel has taken it back.",
        "One held in the middle of an attempt may have reached its recipient. The recipient"
        " of one that was taken back may have seen it.",
        (*WHY, "reason", "idempotency_key"),
    ),
    Type.FAILED: Meaning(
        "No channel is left; `reasons` has what each one said.",
        "The recipient was told nothing.",
        (*WHY, "reasons"),
    ),
    Type.ARRIVED: Meaning(
        "A document came in for this company and lies in its inbox.",
        "It stays there until it is confirmed; nothing was told to its sender by that.",
        ("channel",),
    ),
    Type.INBOX_NEW: Meaning(
        "A document that came in was read and checked, or what kept it back is over: the ERP may"
        " take it.",
        "It need not be right: `ok` and `findings` tell. One with a `duplicate_of` came in before,"
        " and is shown all the same.",
        (*WHY, "ok", "findings", "duplicate_of"),
    ),
    Type.INBOX_BLOCKED: Meaning(
        "A document that came in is kept back: a virus, a scanner that does not answer, a company"
        " that is not verified, or a person.",
        "It is not lost, and its sender was told nothing by that.",
        (*WHY, "reason"),
    ),
    Type.INBOX_ATTACHMENT_ERROR: Meaning(
        "A file of a document that came in must not be handed out, or does not open: the document"
        " waits to be repaired.",
        "What came is kept as it was.",
        (*WHY, "ok", "findings", "duplicate_of"),
    ),
    Type.INBOX_RELEASED: Meaning(
        "A document that was kept back is looked at once more.",
        "It may be kept back again.",
        (*WHY, "reason"),
    ),
    Type.INBOX_REPAIRED: Meaning(
        "A person did something about the bad files of a document that came in: replaced one"
        " (`replaced`), stripped them (`stripped`), went on without them (`left_out`), or had them"
        " looked at again (`again`).",
        "What came is kept as it was.",
        (*WHY, "how", "attachments", "reason"),
    ),
    Type.CONFIRMED: Meaning(
        "The ERP took the document over from the inbox.",
        "It says nothing of whether the invoice is accepted.",
    ),
    Type.INBOX_HANDLED: Meaning(
        "The ERP is done with a document that came in; `reference` is its own name for it.",
        "Its sender was told nothing by that: an Invoice Response does.",
        (*WHY, "reference"),
    ),
    Type.REPLIED: Meaning(
        "The company has answered an invoice that came in; the document `response` carries it.",
        "Whether the seller gets the answer, and whether he can at all, the events of that document"
        " tell.",
        (*WHY, "business", "effective_date", "reasons", "response"),
    ),
    Type.WEBHOOK_OFF: Meaning(
        "The gateway switched a webhook off: its server did not want events any more, or took"
        " none for three days.",
        "No event is lost: switched on again, it goes on where it stopped.",
        (*WHY, "endpoint_id"),
    ),
    Type.COMPANY_ASKED: Meaning(
        "Somebody was invited to sign for the company, and can until `until`. As all events of the"
        " company itself it is about no document.",
        "Nobody has opened the invitation yet, as far as is known.",
        (*WHY, "until"),
    ),
    Type.COMPANY_SIGNED: Meaning(
        "Whoever was invited has signed for the company.",
        "The gate need not be open by that: the operator may look at it first.",
        WHY,
    ),
    Type.COMPANY_NOT_SIGNED: Meaning(
        "A request to sign is over without a signature: declined, not signed in time, taken back,"
        " or refused by the signing service.",
        "A company that is verified stays so until its own time is over.",
        WHY,
    ),
    Type.COMPANY_VERIFIED: Meaning(
        "It is known who the company is: it sends and receives, and what was held goes on. It is"
        " to be shown again from `until` on.",
        "It says nothing of what becomes of the documents that were held.",
        (*WHY, "until"),
    ),
    Type.COMPANY_RECHECK_DUE: Meaning(
        "Who the company is has to be shown again: some time has passed, or the facts in `changed`"
        " are not what they were. The gate closes at `until`. It is told again shortly before.",
        "Nothing is held yet.",
        (*WHY, "until", "changed"),
    ),
    Type.COMPANY_LAPSED: Meaning(
        "Who the company is was not shown again in time: it neither sends nor receives.",
        "Nothing is lost: documents on their way out are held, and those that came in stay.",
        WHY,
    ),
    Type.COMPANY_REVOKED: Meaning(
        "The operator has closed the gate for the company, for the reason in `text`.",
        "Nothing is lost: documents on their way out are held, and those that came in stay.",
        WHY,
    ),
}


def table() -> str:
    """The reference table in Markdown."""
    rows = ["| type | says | does not promise | data |", "|---|---|---|---|"]
    for kind in Type:
        meaning = MEANINGS[kind]
        data = ", ".join(f"`{name}`" for name in meaning.data)
        rows.append(f"| `{kind}` | {meaning.says} | {meaning.not_promised} | {data} |")
    return "\n".join(rows) + "\n"
