"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# No test is timed: a busy machine must not fail one. Everything else stays as it is by default, or
# as hypothesis sets it on a CI machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
