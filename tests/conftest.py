"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# No test is timed: a busy machine must not fail one. Everything else stays as it is by default, or
# as hypothesis sets it on a CI machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """The port of a real S3 server, started when a test first asks for it."""
    from tests.servers import objects

    try:
        with objects.server() as port:
            yield port
    except objects.NoServer as error:
        pytest.skip(str(error))
