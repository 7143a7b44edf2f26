from __future__ import annotations

import pytest

from transports.base import Refused, Sent, TryLater, Unknown
from transports.email.dialogue import Answer, Stage
from transports.email.replies import PUBLIC_TEXTS, outcome

S = Stage

TABLE = [
    # stage, code, text -> outcome, its code
    (S.END, 250, "2.0.0 queued as 17", Sent, "sent"),
    (S.END, 251, "", Sent, "sent"),
    (S.RECIPIENT, 550, "5.1.1 no such user", Refused, "mailbox_unavailable"),
    (S.RECIPIENT, 550, "no such user", Refused, "mailbox_unavailable"),
    (S.RECIPIENT, 551, "try elsewhere", Refused, "mailbox_unavailable"),
    (S.RECIPIENT, 553, "bad name", Refused, "mailbox_unavailable"),
    (S.RECIPIENT, 550, "5.7.1 not from you", Refused, "policy"),
    (S.RECIPIENT, 554, "5.1.10 null MX", Refused, "mailbox_unavailable"),
    (S.RECIPIENT, 552, "5.2.2 over quota", Refused, "mailbox_full"),
    (S.RECIPIENT, 552, "over quota", Refused, "mailbox_full"),
    (S.RECIPIENT, 554, "no", Refused, "refused"),
    (S.DATA, 554, "no valid recipients", Refused, "refused"),
    (S.END, 554, "5.7.1 spam", Refused, "policy"),
    (S.END, 554, "no", Refused, "refused"),
    (S.END, 552, "5.3.4 too big", Refused, "too_large"),
    (S.END, 552, "too big", Refused, "too_large"),
    (S.END, 523, "5.2.3 too long", Refused, "too_large"),
    (S.SENDER, 552, "size", Refused, "too_large"),
    (S.END, 451, "4.7.1 greylisted", TryLater, "deferred"),
    (S.RECIPIENT, 450, "busy", TryLater, "deferred"),
    (S.RECIPIENT, 452, "4.2.2 over quota", TryLater, "deferred"),
    (S.SENDER, 421, "4.3.2 going down", TryLater, "deferred"),
    (S.CONNECT, 421, "too many connections", TryLater, "deferred"),
    # what the relay thinks of us is not about the recipient
    (S.CONNECT, 554, "you are blocked", TryLater, "relay_refused"),
    (S.SENDER, 550, "5.7.1 sender not allowed", TryLater, "relay_refused"),
    (S.SENDER, 530, "5.7.0 authentication required", TryLater, "login_refused"),
    (S.LOGIN, 535, "5.7.8 wrong password", TryLater, "login_refused"),
    (S.TLS, 554, "no", TryLater, "tls_failed"),
    # no answer
    (S.CONNECT, None, "refused", TryLater, "unreachable"),
    (S.TLS, None, "certificate has expired", TryLater, "tls_failed"),
    (S.LOGIN, None, "no way to log in", TryLater, "login_refused"),
    (S.SENDER, None, "lost", TryLater, "connection_lost"),
    (S.RECIPIENT, None, "lost", TryLater, "connection_lost"),
    (S.CONTENT, None, "lost", TryLater, "connection_lost"),
    (S.END, None, "lost", Unknown, "outcome_unknown"),
    (S.END, 354, "what?", Unknown, "outcome_unknown"),
]


@pytest.mark.parametrize(("stage", "code", "text", "kind", "name"), TABLE)
def test_what_an_end_means(
    stage: Stage, code: int | None, text: str, kind: type, name: str
) -> None:
    result = outcome(Answer(stage, code, text), "mail.example:25", ())
    assert type(result) is kind
    assert result.verdict.code == f"email.{name}"
    assert text in result.verdict.text
    assert result.verdict.public_text == PUBLIC_TEXTS[result.verdict.code]
    assert result.verdict.remote == "mail.example:25"


@pytest.mark.parametrize("stage", [S.SENDER, S.RECIPIENT, S.DATA, S.CONTENT])
def test_silence_before_the_closing_dot_is_certain(stage: Stage) -> None:
    result = outcome(Answer(stage, None, "", timed_out=True), "mail.example:25", ())
    assert isinstance(result, TryLater)
    assert result.verdict.code == "email.timeout"


def test_silence_after_it_is_not() -> None:
    result = outcome(Answer(S.END, None, "", timed_out=True), "mail.example:25", ())
    assert isinstance(result, Unknown)


def test_what_the_server_says_stays_with_operators() -> None:
    said = "5.1.1 anna@bageri.example unknown at mx7.bageri.example"
    result = outcome(Answer(S.RECIPIENT, 550, said), "mail.example:25", ())
    assert said in result.verdict.text
    assert "bageri" not in result.verdict.public_text


def test_every_code_is_in_the_table() -> None:
    codes = {f"email.{name}" for *_, name in TABLE} | {"email.timeout"}
    assert codes == set(PUBLIC_TEXTS)


@pytest.mark.parametrize(
    ("stage", "code", "answered"),
    [
        (S.CONNECT, None, False),
        (S.CONNECT, 421, False),
        (S.LOGIN, 535, False),
        (S.SENDER, 421, False),
        (S.RECIPIENT, None, False),
        (S.RECIPIENT, 450, True),
        (S.END, 451, True),
        (S.END, None, False),
        (S.END, 354, True),
    ],
)
def test_silence_and_what_the_relay_thinks_of_us_count_against_the_channel(
    stage: Stage, code: int | None, answered: bool
) -> None:
    result = outcome(Answer(stage, code, "text"), "mail.example:25", ())
    assert isinstance(result, TryLater | Unknown)
    assert result.answered is answered
