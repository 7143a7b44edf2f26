"""Where blobs go and what they are sealed with, by the settings."""

from __future__ import annotations

from gateway.blobs.port import Place
from gateway.blobs.ring import BadRing, Ring
from gateway.config import Settings
from gateway.section import ConfigError


def place(settings: Settings) -> Place | None:
    """The bucket for large blobs; None: files in the data directory."""
    if settings.blobs is None:
        return None
    from gateway.blobs.s3 import S3, Bucket  # loaded only where it is used

    section = settings.blobs
    secret = section.secret_access_key
    return S3(
        Bucket(
            section.bucket,
            region=section.region,
            endpoint=section.endpoint,
            prefix=section.prefix,
            access_key_id=section.access_key_id,
            secret_access_key=None if secret is None else secret.get_secret_value(),
            connect_timeout_s=section.connect_timeout_s,
            answer_timeout_s=section.answer_timeout_s,
            give_up_s=section.give_up_s,
        )
    )


def ring(settings: Settings) -> Ring | None:
    """The key ring; None: nothing is sealed. Raises ConfigError."""
    if settings.encryption is None:
        return None
    path = settings.encryption.ring_file
    try:
        return Ring.read(path)
    except OSError as error:
        raise ConfigError(f"encryption.ring_file: {path}: {error.strerror}") from error
    except BadRing as error:
        raise ConfigError(f"encryption.ring_file: {error}") from error
