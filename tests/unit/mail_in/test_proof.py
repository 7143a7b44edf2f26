"""Who is proved to have sent a mail, by what our own mail server has found."""

from __future__ import annotations

import pytest

from gateway.mail_in.proof import Unproved, Wanted, is_answer, proved
from transports.email.parts import headers

OURS = "mx.ours.example"


def told(*results: str, sender: str = "Erp <ERP@kund.example>", wanted: Wanted = "any") -> str:
    lines = [f"Authentication-Results: {each}" for each in results]
    block = "\r\n".join([*lines, f"From: {sender}"]).encode()
    answer = proved(headers(block), OURS, wanted)
    return answer.code if isinstance(answer, Unproved) else answer


PROVED = "erp@kund.example"
DMARC = f"{OURS}; dmarc=pass header.from=kund.example"


@pytest.mark.parametrize(
    "result",
    [
        f"{OURS}; dmarc=pass header.from=kund.example",
        f"{OURS} 1; spf=fail; dmarc=pass (p=reject; x) header.from=kund.example",
        f"{OURS}; dkim=pass header.d=kund.example header.s=x",
        f'{OURS}; dkim=pass reason="fine; really" header.i=@kund.example',
        f"{OURS};\r\n dkim=fail header.d=other.example;\r\n dkim=pass header.d=KUND.example",
        "MX.Ours.Example; dmarc=PASS header.from=Kund.example",
    ],
)
def test_the_domain_of_the_sender_answers_for_the_mail(result: str) -> None:
    assert told(result) == PROVED


def test_a_domain_may_sign_for_those_below_it() -> None:
    result = f"{OURS}; dkim=pass header.d=kund.example"
    assert told(result, sender="a@mail.kund.example") == "a@mail.kund.example"


@pytest.mark.parametrize(
    "result",
    [
        f"{OURS}; none",
        f"{OURS}; dmarc=pass",
        f"{OURS}; spf=pass smtp.mailfrom=kund.example",
        f"{OURS}; dmarc=fail header.from=kund.example",
        f"{OURS}; dmarc=pass header.from=other.example",
        f"{OURS}; dkim=pass header.d=other.example",
        f"{OURS}; dkim=pass header.d=ond-kund.example",
        f"{OURS}; dkim=pass header.d=example",
        f"{OURS}; dkim=pass",
        f'{OURS}; spf=fail reason="; dmarc=pass header.from=kund.example"',
        f"{OURS}; spf=fail (; dmarc=pass)",
        f'{OURS}; auth=pass smtp.auth="a; dkim=pass header.d=kund.example"',
        f"{OURS}; x-dmarc=pass",
        "",
    ],
)
def test_anything_else_proves_nothing(result: str) -> None:
    assert told(result) in ("mail_in.not_proved", "mail_in.not_looked_at")


@pytest.mark.parametrize(
    "name", ["mx.other.example", f"{OURS}.evil.example", f"evil.{OURS}", "", f'"{OURS}x"']
)
def test_what_others_have_found_is_not_looked_at(name: str) -> None:
    assert told(f"{name}; dmarc=pass") == "mail_in.not_looked_at"


def test_only_the_topmost_counts() -> None:
    assert told(f"{OURS}; dmarc=fail", DMARC) == "mail_in.not_proved"
    assert told("mx.other.example; dmarc=fail", DMARC) == PROVED


def test_a_company_may_want_one_of_both() -> None:
    assert told(f"{OURS}; dkim=pass header.d=kund.example", wanted="dmarc") == "mail_in.not_proved"
    assert told(DMARC, wanted="dkim") == "mail_in.not_proved"


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "erp@kund.example, boss@kund.example",
        "erp@kund.example\r\nFrom: boss@kund.example",
        "no address",
        "<>",
        '"erp@kund.example" <erp@ond.example',
    ],
)
def test_a_mail_has_one_sender(sender: str) -> None:
    code = told(f"{OURS}; dmarc=pass header.from=kund.example", sender=sender)
    assert code in ("mail_in.no_sender", "mail_in.not_proved")


def test_without_our_server_s_name_nothing_is_proved() -> None:
    answer = proved(headers(b"From: a@kund.example"), None, "any")
    assert isinstance(answer, Unproved) and answer.code == "mail_in.no_authserv_id"


@pytest.mark.parametrize(
    "line",
    [
        b"Auto-Submitted: auto-replied",
        b"Auto-Submitted: Auto-Replied; owner=x",
        b"Precedence: auto_reply",
        b"X-Autoreply: yes",
        b"Return-Path: <>",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x",
    ],
)
def test_answers_are_known(line: bytes) -> None:
    assert is_answer(headers(line))


@pytest.mark.parametrize(
    "line", [b"Auto-Submitted: auto-generated", b"Auto-Submitted: no", b"Precedence: bulk"]
)
def test_what_a_program_has_made_by_itself_may_be_an_invoice(line: bytes) -> None:
    assert not is_answer(headers(line))
