"""The ledgers whose status models we speak: tables, nothing else.

Values are those that the named source gives (read on the day named). What a value means there is
the source's where the basis is `published`, and our reading where it is `assumed`. A new state of
`gateway.lifecycle` needs a row in each table: a test holds them to it.
"""

from __future__ import annotations

from datetime import date

from gateway.ledger.mapping import Basis, Ledger, Status, System
from gateway.lifecycle import Business, State

_READ = date(2026, 11, 21)

BUSINESS_CENTRAL = System(
    Ledger.BUSINESS_CENTRAL,
    "Microsoft Dynamics 365 Business Central: E-Document",
    "E-Document Service Status (enum 6106)",
    (
        *("Created", "Exported", "Sending Error", "Cancel Error", "Canceled", "Imported"),
        *("Imported Document Processing Error", "Imported Document Created", "Pending Batch"),
        *("Export Error", "Pending Response", "Sent", "Approved", "Rejected", "Approval Error"),
        *("Pending", "Not Cleared", "Cleared"),
    ),
    Basis.PUBLISHED,
    "microsoft.github.io/BCApps, enums 6106 and 6108",
    _READ,
    {
        State.RECEIVED: Status("Exported", "Handed over; not checked yet."),
        State.REJECTED: Status("Export Error", "Not sent: correct it and send a new one."),
        State.ROUTING: Status("Pending Response", "A channel is being chosen."),
        State.SENDING: Status("Pending Response", "A channel is being tried."),
        State.SENT: Status("Sent", "A channel answers for it."),
        State.DELIVERED: Status("Sent", "The recipient's side has it."),
        State.WAITING: Status("Pending Response", "It goes on by itself."),
        State.HELD: Status("Pending Response", "A person must decide at the gateway."),
        State.FAILED: Status("Sending Error", "No channel is left."),
        State.CANCELLED: Status("Canceled", "Stopped before it was sent."),
    },
    {
        Business.CONDITIONALLY_ACCEPTED: Status("Approved", "The buyer accepts on a condition."),
        Business.ACCEPTED: Status("Approved", "The buyer accepts it."),
        Business.REJECTED: Status("Rejected", "The buyer rejects it."),
        Business.PAID: Status("Approved", "The buyer says that he has paid."),
    },
    "Sent and delivered are one; waiting, held and sending are one; a buyer's question is not told,"
    " and neither is that he has paid. The E-Document itself is In Progress until Sent, Processed"
    " then, Error for both errors. Cleared and Not Cleared are of countries where the tax authority"
    " clears invoices: never used.",
)

BUSINESS_CENTRAL_EXCHANGE = System(
    Ledger.BUSINESS_CENTRAL_EXCHANGE,
    "Microsoft Dynamics 365 Business Central: document exchange",
    "Document Exchange Status of a posted document (enum 711)",
    (
        *("Not Sent", "Sent to Document Exchange Service", "Delivered to Recipient"),
        *("Delivery Failed", "Pending Connection to Recipient"),
    ),
    Basis.PUBLISHED,
    "microsoft.github.io/BCApps, enum 711",
    _READ,
    {
        State.RECEIVED: Status("Sent to Document Exchange Service", "Handed over."),
        State.REJECTED: Status("Delivery Failed", "It breaks rules: send a corrected one."),
        State.ROUTING: Status("Sent to Document Exchange Service", "A channel is being chosen."),
        State.SENDING: Status("Sent to Document Exchange Service", "A channel is being tried."),
        State.SENT: Status("Sent to Document Exchange Service", "A channel answers for it."),
        State.DELIVERED: Status("Delivered to Recipient", "The recipient's side has it."),
        State.WAITING: Status("Pending Connection to Recipient", "It goes on by itself."),
        State.HELD: Status("Pending Connection to Recipient", "A person must decide."),
        State.FAILED: Status("Delivery Failed", "No channel is left."),
        State.CANCELLED: Status("Not Sent", "Stopped before it was sent."),
    },
    {},
    "That the channel has taken it over; why it waits, and that somebody must decide; everything"
    " the buyer answers.",
)

ODOO = System(
    Ledger.ODOO,
    "Odoo: Peppol",
    "peppol_move_state of account.move",
    ("ready", "to_send", "skipped", "processing", "done", "error"),
    Basis.PUBLISHED,
    "odoo/odoo, addons/account_peppol/models/account_move.py",
    _READ,
    {
        State.RECEIVED: Status("to_send", "Handed over; not checked yet."),
        State.REJECTED: Status("error", "Not sent: correct it and send a new one."),
        State.ROUTING: Status("processing", "A channel is being chosen."),
        State.SENDING: Status("processing", "A channel is being tried."),
        State.SENT: Status("processing", "A channel answers for it; no proof yet."),
        State.DELIVERED: Status("done", "The recipient's side has it."),
        State.WAITING: Status("processing", "It goes on by itself."),
        State.HELD: Status("processing", "A person must decide at the gateway."),
        State.FAILED: Status("error", "No channel is left."),
        State.CANCELLED: Status("ready", "Stopped before it was sent; it may be sent again."),
    },
    {},
    "Held looks like under way: `error` would offer to send again what may have arrived. Sent stays"
    " `processing`, for ever where the channel gives no proof (print, plain e-mail). Odoo lets"
    " nobody cancel an invoice in `processing` or `done`: cancel at the gateway first. Everything"
    " the buyer answers.",
)

FORTNOX = System(
    Ledger.FORTNOX,
    "Fortnox",
    "what to call on /3/invoices/{DocumentNumber}",
    ("bookkeep", "cancel", "credit", "externalprint"),
    Basis.NONE_FOUND,
    "apps.fortnox.se/apidocs and the open client deployHuman/fortnox-client; a status of e-invoices"
    " was not found there",
    _READ,
    {
        State.RECEIVED: Status(None, "Leave the invoice as it is."),
        State.REJECTED: Status(None, "Not sent: tell a person."),
        State.ROUTING: Status(None, "Leave the invoice as it is."),
        State.SENDING: Status(None, "Leave the invoice as it is."),
        State.SENT: Status("externalprint", "Mark it as sent by another system, once."),
        State.DELIVERED: Status("externalprint", "Mark it as sent by another system, once."),
        State.WAITING: Status(None, "Leave the invoice as it is."),
        State.HELD: Status(None, "A person must decide at the gateway."),
        State.FAILED: Status(None, "Not sent: tell a person."),
        State.CANCELLED: Status(None, "Not sent: the invoice itself still stands in the books."),
    },
    {},
    "All but that it was sent. Keep our state and text in a field of your own, or in the comments."
    " What to do with an invoice that the buyer rejects (credit) or whose document failed (cancel,"
    " or print) is a bookkeeper's decision, never the gateway's.",
)

SAP_B1 = System(
    Ledger.SAP_B1,
    "SAP Business One",
    "electronic document status",
    ("none", "new", "ready", "pending", "error", "ok", "sent", "docError", "tempError"),
    Basis.ASSUMED,
    "help.sap.com names the values, and more than these; what each means was not found",
    _READ,
    {
        State.RECEIVED: Status("new", "Handed over; not checked yet."),
        State.REJECTED: Status("docError", "Not sent: correct it and send a new one."),
        State.ROUTING: Status("ready", "A channel is being chosen."),
        State.SENDING: Status("pending", "A channel is being tried."),
        State.SENT: Status("sent", "A channel answers for it."),
        State.DELIVERED: Status("ok", "The recipient's side has it."),
        State.WAITING: Status("tempError", "It goes on by itself."),
        State.HELD: Status("pending", "A person must decide at the gateway."),
        State.FAILED: Status("error", "No channel is left."),
        State.CANCELLED: Status("none", "Stopped before it was sent."),
    },
    {},
    "Held looks like under way. Everything the buyer answers.",
)

MAVENTA = System(
    Ledger.MAVENTA,
    "Visma: a model like Maventa's",
    "status of an invoice",
    ("PENDING", "SENT", "DECLINED", "ACCEPTED", "PAID", "VIEWED", "DISPUTED", "ERROR"),
    Basis.ASSUMED,
    "the status numbers in the open client vertaislaina/maventa-autoxchange (0, 1, 2, 3, 6, 7, 92,"
    " 99, in this order); what Visma.net itself shows is not public",
    _READ,
    {
        State.RECEIVED: Status("PENDING", "Handed over; not checked yet."),
        State.REJECTED: Status("ERROR", "Not sent: correct it and send a new one."),
        State.ROUTING: Status("PENDING", "A channel is being chosen."),
        State.SENDING: Status("PENDING", "A channel is being tried."),
        State.SENT: Status("SENT", "A channel answers for it."),
        State.DELIVERED: Status("SENT", "The recipient's side has it."),
        State.WAITING: Status("PENDING", "It goes on by itself."),
        State.HELD: Status("PENDING", "A person must decide at the gateway."),
        State.FAILED: Status("ERROR", "No channel is left."),
        State.CANCELLED: Status("ERROR", "Stopped before it was sent."),
    },
    {
        Business.IN_PROCESS: Status("VIEWED", "The buyer is at work on it."),
        Business.UNDER_QUERY: Status("DISPUTED", "The buyer has a question."),
        Business.CONDITIONALLY_ACCEPTED: Status("ACCEPTED", "The buyer accepts on a condition."),
        Business.ACCEPTED: Status("ACCEPTED", "The buyer accepts it."),
        Business.REJECTED: Status("DECLINED", "The buyer rejects it."),
        Business.PAID: Status("PAID", "The buyer says that he has paid."),
    },
    "One list for both axes: once the buyer has answered, how it was delivered is not seen. Sent"
    " and delivered are one; waiting, held and sending are one; cancelled looks like an error.",
)

_ALL = (BUSINESS_CENTRAL, BUSINESS_CENTRAL_EXCHANGE, ODOO, FORTNOX, SAP_B1, MAVENTA)
SYSTEMS: dict[Ledger, System] = {system.id: system for system in _ALL}


def table() -> str:
    """The reference of all of them in Markdown."""
    return "\n".join(map(_section, SYSTEMS.values()))


_BASIS = {
    Basis.PUBLISHED: "The values are public; which of them our states are is our choice",
    Basis.ASSUMED: "**Assumed**: the names are public, what they mean there is our reading",
    Basis.NONE_FOUND: "**No such status is public**: this is what to do instead",
}


def _section(system: System) -> str:
    lines = [
        f"## {system.id}\n",
        f"{system.title}: {system.of}. {_BASIS[system.basis]}.",
        f"Source, read {system.read}: {system.source}.\n",
        "| Ours | There | |",
        "|---|---|---|",
        *(_row(f"`{state}`", system.transport[state]) for state in State),
        *(_row(f"the buyer: `{said}`", system.business[said]) for said in system.business),
        f"\n**Lost:** {system.lost}",
    ]
    return "\n".join(lines) + "\n"


def _row(ours: str, there: Status) -> str:
    return f"| {ours} | {f'`{there.name}`' if there.name else '(none)'} | {there.text} |"
