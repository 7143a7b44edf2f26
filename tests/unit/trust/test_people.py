"""What people prove who they are with: pure rules, and that nothing of it lies about readable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.blobs.ring import Ring
from gateway.blobs.seal import Secret
from gateway.clock import MovableClock
from gateway.console.forms import HOME, onward
from gateway.store.people import Person
from gateway.store.port import StorageUnavailable
from gateway.store.sqlite import SqliteStore
from gateway.trust.people import second_factor, sessions
from gateway.trust.people.passwords import fault
from gateway.trust.people.proofs import NOTHING, Proof, Proofs
from gateway.trust.people.roles import SCOPES, Role
from gateway.trust.people.signing_in import rests_until
from gateway.trust.scopes import Scope

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
WHOLE = Proof("$argon2id$x", "JBSWY3DPEHPK3PXP", None, 7, ("a" * 64,), 2, NOW.isoformat())


def test_every_role_is_in_the_table() -> None:
    assert set(SCOPES) == set(Role)
    assert SCOPES[Role.READER] < SCOPES[Role.SENDER] < SCOPES[Role.ADMINISTRATOR]
    assert Scope.MANAGE not in SCOPES[Role.SENDER]


@pytest.mark.parametrize("ring", [None, Ring({"first": Secret(bytes(32))})])
async def test_a_proof_is_sealed_where_there_is_a_key_ring(
    tmp_path: Path, ring: Ring | None
) -> None:
    store = await SqliteStore.open(tmp_path / "data", ring=ring)
    proofs = Proofs(store, MovableClock(NOW))
    kept = await proofs.sealed(WHOLE)
    assert await proofs.opened(kept) == WHOLE
    assert (b"JBSWY3DPEHPK3PXP" in kept) is (ring is None)
    assert await proofs.opened(NOTHING) == Proof()
    await store.close()
    if ring is not None:
        bare = await SqliteStore.open(tmp_path / "data")
        with pytest.raises(StorageUnavailable):
            await Proofs(bare, MovableClock(NOW)).opened(kept)
        await bare.close()


def test_nothing_of_a_proof_is_shown() -> None:
    assert "argon2" not in repr(WHOLE) and "JBSWY" not in repr(WHOLE) and "aaaa" not in repr(WHOLE)
    kept = b"aaaa"
    person = Person("per_a", "", (), "a@b.example", "A", "en", Role.READER, kept, NOW, NOW)
    assert "aaaa" not in repr(person)


@given(st.integers(-5, 5))
def test_a_code_is_good_one_step_around_and_after_the_last(offset: int) -> None:
    secret = second_factor.new_secret()
    step = int(NOW.timestamp()) // second_factor.STEP_S
    code = pyotp.TOTP(secret).generate_otp(step + offset)
    good = second_factor.step_of(secret, code, NOW, 0)
    if abs(offset) <= second_factor.DRIFT:
        assert good is not None
        assert second_factor.step_of(secret, code, NOW, good) is None
    else:  # by chance two steps may have the same six digits
        assert good is None or code in {
            pyotp.TOTP(secret).generate_otp(step + near) for near in (-1, 0, 1)
        }


def test_recovery_codes_are_ten_and_each_is_good_once() -> None:
    codes = second_factor.new_codes()
    kept = tuple(map(second_factor.kept, codes))
    assert len(set(codes)) == second_factor.CODES
    left = second_factor.without(kept, codes[3].upper().replace("-", " "))
    assert left is not None and len(left) == 9
    assert second_factor.without(left, codes[3]) is None
    assert second_factor.without(kept, "") is None


def test_the_rest_after_wrong_codes_grows_to_an_hour() -> None:
    def rest(misses: int) -> timedelta | None:
        until = rests_until(Proof(misses=misses, missed_at=NOW.isoformat()))
        return None if until is None else until - NOW

    assert [rest(n) for n in (0, 4)] == [None, None]
    seconds = [rest(n) for n in (5, 6, 7, 12, 99999)]
    assert seconds == [timedelta(seconds=s) for s in (30, 60, 120, 3600, 3600)]


def test_a_form_is_of_one_browser() -> None:
    token = sessions.form_token(b"secret", "bks_a")
    assert sessions.is_form_token(b"secret", "bks_a", token)
    for secret, browser, given_ in (
        (b"other", "bks_a", token),
        (b"secret", "bks_b", token),
        (b"secret", "bks_a", ""),
        (b"secret", "bks_a", "å\udcff"),
    ):
        assert not sessions.is_form_token(secret, browser, given_)


@pytest.mark.parametrize(
    "password", ["paraply hammock kvitto", "x7#kP2!vQz9&mL4", "å" * 4 + "Zq81!xbv"]
)
def test_good_passwords_are_taken(password: str) -> None:
    assert fault(password, ("anna@byran.example", "Anna Ek")) is None


@given(st.text(max_size=200))
def test_any_password_is_judged(password: str) -> None:
    assert fault(password, ("a@b.example",)) in (None, "short", "long", "guessed")


@given(st.text(max_size=60))
def test_it_leads_on_to_our_own_pages_alone(asked: str) -> None:
    assert onward(asked).startswith(HOME) and "//" not in onward(asked)
    assert onward(f"/console{asked}").startswith(HOME)
