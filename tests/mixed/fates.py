"""What is put into each invoice of a mixed run, and what is foretold of it.

A fate is one recipient's: by its number, address or post code the partners behave as they do in the
sandbox (the pages of docs/reference/channels). There is one at least for each channel that goes
well, and one for each fault that a partner can have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from stdnum import luhn

from gateway.demo.stories import EXAMPLES
from gateway.sandbox import RECEIVER, SENDER, SENDER_NO, Seed
from schemas.identifiers import make_kid, make_ocr
from tests.e2e.invoices import submission
from transports.avtalegiro.sandbox import MAGIC as CLAIM
from transports.avtalegiro.sandbox import Behaviour as Claim
from transports.bank_se.sandbox import MAGIC as BANK
from transports.bank_se.sandbox import Behaviour as Bank
from transports.kivra.sandbox import MAGIC as KIVRA
from transports.kivra.sandbox import Behaviour as Kivra
from transports.operator.sandbox import MAGIC as OPERATOR
from transports.operator.sandbox import Behaviour as Operator
from transports.peppol.sandbox.access_point import MAGIC
from transports.peppol.sandbox.access_point import Behaviour as AccessPoint
from transports.vipps.sandbox import MAGIC as VIPPS
from transports.vipps.sandbox import Behaviour as Vipps


@dataclass(frozen=True)
class Fate:
    """One kind of recipient, and what becomes of an invoice to it.

    `buyer` is laid over the invoice's buyer, `delivery` goes beside it. `ends` is the last state,
    `channel` the channel that has it then. `copies` is how many of it each partner has taken in the
    end, by its name in `/received`; those that are not named have none. `fault`: somebody
    misbehaves. `by_clock`: it ends only when the clock has moved by hours or days.
    """

    name: str
    ends: str
    channel: str | None
    fault: bool = False
    by_clock: bool = False
    sender: Seed = SENDER
    buyer: Mapping[str, Any] = field(default_factory=dict)
    delivery: Mapping[str, Any] = field(default_factory=dict)
    copies: Mapping[str, int] = field(default_factory=dict)
    reference: str | None = None  # OCR or KID

    def body(self, number: str) -> bytes:
        """The request body of an invoice with this number."""
        body = _swedish(number) if self.sender is SENDER else _norwegian(number)
        _lay(body["invoice"]["buyer"], self.buyer)
        if self.reference is not None:
            body["invoice"]["payments"][0]["reference"] = self.reference
        # Banks and Vipps look at the due date; the clock may move by weeks before it.
        today = datetime.now(UTC).date()
        body["invoice"]["issue_date"] = today.isoformat()
        body["invoice"]["due_date"] = (today + timedelta(days=60)).isoformat()
        body["delivery"] = dict(self.delivery)
        return json.dumps(body).encode()


def _swedish(number: str) -> dict[str, Any]:
    body = submission(number)
    (transfer,) = body["invoice"]["payments"][0]["credit_transfers"]
    transfer["service_provider"] = "SE:BANKGIRO"
    return body


def _norwegian(number: str) -> dict[str, Any]:
    content = (EXAMPLES / "no-b2c-email-refused-then-letter.json").read_bytes()
    body: dict[str, Any] = json.loads(content)
    body["invoice"]["number"] = number
    del body["invoice"]["buyer"]["contact"]
    return body


def _lay(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, Mapping) and isinstance(under.get(name), dict):
            _lay(under[name], value)
        else:
            under[name] = value


# --- recipients -------------------------------------------------------------------------------


def _endpoint(participant: str) -> Mapping[str, Any]:
    scheme, _, value = participant.partition(":")
    return {"endpoint": {"scheme": scheme, "value": value}}


def _mailbox(name: str) -> Mapping[str, Any]:
    return {"contact": {"name": "Kim Berg", "email": f"{name}@customer.example"}}


def _post_code(code: str) -> Mapping[str, Any]:
    return {"address": {"post_code": code}}


def _in_peppol(behaviour: AccessPoint) -> Mapping[str, Any]:
    (four,) = (digits for digits, other in MAGIC.items() if other is behaviour)
    return _endpoint(f"0007:55600{four}{luhn.calc_check_digit(f'55600{four}')}")


def _peppol(behaviour: AccessPoint, ends: str, channel: str, **copies: int) -> Fate:
    name = f"peppol-{behaviour}"
    return Fate(name, ends, channel, True, buyer=_in_peppol(behaviour), copies=copies)


def _email(behaviour: str, ends: str, channel: str, **copies: int) -> Fate:
    name = f"email-{behaviour}"
    return Fate(name, ends, channel, True, buyer=_mailbox(behaviour), copies=copies)


def _letter(name: str, code: str, ends: str, **copies: int) -> Fate:
    return Fate(f"letter-{name}", ends, "letter", True, buyer=_post_code(code), copies=copies)


def _operator(
    behaviour: Operator, ends: str, channel: str, fault: bool = True, **copies: int
) -> Fate:
    number = OPERATOR[behaviour]
    buyer = {"legal_id": {"scheme": "0007", "value": number}}
    return Fate(f"operator-{behaviour}", ends, channel, fault, buyer=buyer, copies=copies)


def _kivra(behaviour: Kivra, ends: str, channel: str, fault: bool = True, **copies: int) -> Fate:
    delivery = {"personal_number": KIVRA[behaviour], "consumer": True}
    return Fate(f"kivra-{behaviour}", ends, channel, fault, delivery=delivery, copies=copies)


def _bank(behaviour: Bank, ends: str, channel: str, fault: bool = True, **copies: int) -> Fate:
    person = BANK[behaviour]
    return Fate(
        f"bank-{behaviour}",
        ends,
        channel,
        fault,
        delivery={"personal_number": person, "fmi": f"{person}.FSPA.SE", "consumer": True},
        copies=copies,
        reference=make_ocr("426523"),
    )


def _vipps(behaviour: Vipps, ends: str, channel: str, fault: bool = True, **copies: int) -> Fate:
    return Fate(
        f"vipps-{behaviour}",
        ends,
        channel,
        fault,
        sender=SENDER_NO,
        delivery={"consumer": True, "phone": VIPPS[behaviour]},
        copies=copies,
    )


def _claim(behaviour: Claim, ends: str, channel: str, fault: bool = True, **copies: int) -> Fate:
    return Fate(
        f"avtalegiro-{behaviour}",
        ends,
        channel,
        fault,
        sender=SENDER_NO,
        delivery={"consumer": True, "channels": ["avtalegiro"]},
        copies=copies,
        reference=make_kid(f"{CLAIM[behaviour]}100123", "mod10"),
    )


def _efaktura(who: str, ends: str, channel: str, fault: bool = True, **copies: int) -> Fate:
    return Fate(
        f"efaktura-{who}",
        ends,
        channel,
        fault,
        sender=SENDER_NO,
        delivery={"consumer": True, "efaktura_id": f"sandbox-{who}"},
        copies=copies,
    )


# --- fates ------------------------------------------------------------------------------------

SWEDISH = (
    Fate("internal", "delivered", "internal", buyer=_endpoint(RECEIVER.company.participants[0])),
    Fate(
        "peppol",
        "delivered",
        "peppol",
        buyer=_endpoint("0007:5567890123"),
        copies={"messages": 1},
    ),
    _peppol(AccessPoint.LOSE, "delivered", "peppol", messages=1),
    _peppol(AccessPoint.NOT_SERVICED, "delivered", "letter", letters=1),
    _peppol(AccessPoint.REFUSE, "delivered", "letter", letters=1),
    _peppol(AccessPoint.REJECT, "delivered", "letter", messages=1, letters=1),
    Fate("email", "sent", "email", buyer=_mailbox("accept"), copies={"emails": 1}),
    _email("later", "sent", "email", emails=1),
    _email("refuse", "delivered", "letter", letters=1),
    _email("full", "delivered", "letter", letters=1),
    _email("large", "delivered", "letter", letters=1),
    _email("policy", "delivered", "letter", letters=1),
    _email("drop", "held", "email", emails=1),
    Fate("letter", "delivered", "letter", copies={"letters": 1}),
    _letter("refused", "999 99", "failed"),
    _letter("returned", "999 98", "failed", letters=1),
    _letter("rejected", "999 97", "failed", letters=1),
    _letter("down", "999 96", "delivered", letters=1),
    _letter("busy", "999 95", "delivered", letters=1),
    _letter("drop", "999 93", "delivered", letters=1),
)

OPERATORS = (
    _operator(Operator.ACCEPT, "delivered", "operator", False, operator=1),
    _operator(Operator.BIS3, "delivered", "operator", False, operator=1),
    _operator(Operator.SEVERAL, "held", None),
    _operator(Operator.NOT_FOUND, "delivered", "letter", letters=1),
    _operator(Operator.NO_FORMAT, "delivered", "letter", letters=1),
    _operator(Operator.UNSURE, "delivered", "operator", operator=1),
    _operator(Operator.REFUSE, "delivered", "letter", letters=1),
    _operator(Operator.REJECT, "delivered", "letter", operator=1, letters=1),
    _operator(Operator.ERROR, "delivered", "operator", operator=1),
    _operator(Operator.BUSY, "delivered", "operator", operator=1),
    _operator(Operator.CONFLICT, "held", "operator"),
    _operator(Operator.DROP, "delivered", "operator", operator=1),
)

MAILBOXES = (
    _kivra(Kivra.ACCEPT, "delivered", "kivra", False, kivra=1),
    _kivra(Kivra.PAY, "delivered", "kivra", False, kivra=1),
    _kivra(Kivra.LEFT, "delivered", "letter", letters=1),
    _kivra(Kivra.BAD_ACCOUNT, "delivered", "letter", letters=1),
    _kivra(Kivra.BAD_DUE_DATE, "delivered", "letter", letters=1),
    _kivra(Kivra.BAD_REFERENCE, "delivered", "letter", letters=1),
    _kivra(Kivra.ALREADY_PAID, "delivered", "letter", letters=1),
    _kivra(Kivra.TOO_LARGE, "delivered", "letter", letters=1),
    _kivra(Kivra.TOO_MANY, "delivered", "kivra", kivra=1),
    _kivra(Kivra.EXPIRED, "delivered", "kivra", kivra=1),
    _kivra(Kivra.ERROR, "delivered", "kivra", kivra=1),
    _kivra(Kivra.BUSY, "delivered", "kivra", kivra=1),
    _kivra(Kivra.DROP, "delivered", "kivra", kivra=1),
)

NET_BANKS = (
    _efaktura("accept", "delivered", "efaktura_no", False, efaktura=1),
    _efaktura("agreement", "delivered", "efaktura_no", False, efaktura=1),
    _efaktura("pay", "delivered", "efaktura_no", False, efaktura=1),
    _efaktura("blocked", "delivered", "letter", False, letters=1),
    _efaktura("reject", "delivered", "letter", efaktura=1, letters=1),
    _efaktura("refuse", "delivered", "letter", letters=1),
    _efaktura("busy", "delivered", "efaktura_no", efaktura=1),
    _efaktura("error", "delivered", "efaktura_no", efaktura=1),
    _efaktura("fault", "delivered", "efaktura_no", efaktura=1),
    _efaktura("garbage", "delivered", "efaktura_no", efaktura=1),
    _efaktura("drop", "delivered", "efaktura_no", efaktura=1),
)

BANKS = (
    _bank(Bank.ACCEPT, "delivered", "bank_se", False, bank=1),
    _bank(Bank.REJECT, "delivered", "kivra", bank=1, kivra=1),
    _bank(Bank.OTHER_DISTRIBUTOR, "delivered", "kivra", bank=1, kivra=1),
    _bank(Bank.SILENT, "sent", "bank_se", bank=1),
    _bank(Bank.DENY, "delivered", "bank_se", bank=1),
    _bank(Bank.FULL, "delivered", "bank_se", bank=1),
    _bank(Bank.BREAK, "delivered", "bank_se", bank=1),
    _bank(Bank.LOSE, "delivered", "bank_se", bank=1),
    _bank(Bank.DROP, "delivered", "bank_se", bank=1),
)

PHONES = (
    _vipps(Vipps.ACCEPT, "delivered", "vipps", False, vipps=1),
    _vipps(Vipps.APPROVE, "delivered", "vipps", False, vipps=1),
    _vipps(Vipps.REJECT, "delivered", "letter", vipps=1, letters=1),
    _vipps(Vipps.OWNER, "delivered", "letter", vipps=1, letters=1),
    _vipps(Vipps.DELETE, "delivered", "letter", vipps=1, letters=1),
    _vipps(Vipps.REFUSE, "delivered", "letter", letters=1),
    _vipps(Vipps.BLACKLIST, "delivered", "letter", letters=1),
    _vipps(Vipps.LAPSED, "delivered", "vipps", vipps=1),
    _vipps(Vipps.ERROR, "delivered", "vipps", vipps=1),
    _vipps(Vipps.BUSY, "delivered", "vipps", vipps=1),
    _vipps(Vipps.DROP, "delivered", "vipps", vipps=1),
)

CLAIMS = (
    _claim(Claim.ACCEPT, "delivered", "avtalegiro", False, avtalegiro=1),
    _claim(Claim.REJECT, "failed", "avtalegiro", avtalegiro=1),
    _claim(Claim.DENY, "delivered", "avtalegiro", avtalegiro=1),
    _claim(Claim.FULL, "delivered", "avtalegiro", avtalegiro=1),
    _claim(Claim.BREAK, "delivered", "avtalegiro", avtalegiro=1),
    _claim(Claim.LOSE, "delivered", "avtalegiro", avtalegiro=1),
    _claim(Claim.DROP, "delivered", "avtalegiro", avtalegiro=1),
)

NORWEGIAN = (
    Fate(
        "no-email",
        "sent",
        "email",
        sender=SENDER_NO,
        buyer=_mailbox("accept"),
        delivery={"consumer": True},
        copies={"emails": 1},
    ),
    Fate(
        "no-letter",
        "delivered",
        "letter",
        sender=SENDER_NO,
        delivery={"consumer": True},
        copies={"letters": 1},
    ),
)

# Partners that never answer. Each try waits for our patience, until the step's deadline is over:
# not in the run that belongs to the tests.
SILENT = (
    _email("hang", "delivered", "letter", letters=1),
    _email("silent", "held", "email", emails=1),
    _peppol(AccessPoint.HANG, "held", "peppol", messages=1),
    _letter("hang", "999 94", "held"),
    _operator(Operator.HANG, "held", "operator"),
    _bank(Bank.STALL, "delivered", "kivra", kivra=1),
    _bank(Bank.HANG, "held", "bank_se"),
    _kivra(Kivra.HANG, "held", "kivra"),
    _efaktura("hang", "held", "efaktura_no"),
    _vipps(Vipps.HANG, "held", "vipps"),
    _claim(Claim.HANG, "held", "avtalegiro"),
)

FATES = (*SWEDISH, *OPERATORS, *BANKS, *MAILBOXES, *NORWEGIAN, *NET_BANKS, *PHONES, *CLAIMS)
