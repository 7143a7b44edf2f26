"""What a section of the settings is, and what every channel's has.

In charge of the shape. Not in charge of which sections there are (`gateway.config`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo


class ConfigError(Exception):
    """The settings can not be used. The message lists everything wrong, one line each."""


class Section(BaseModel):
    """A group of settings. `<name>_file` beside a secret `<name>` names a file that holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    absent: ClassVar[str] = "the channel is not configured"

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for name, info in cls.model_fields.items():
            path = data.get(f"{name}_file")
            if not is_secret(info) or path is None:
                continue
            if data.get(name) is not None:
                raise ValueError(f"set {name} or {name}_file, not both")
            try:
                data[name] = Path(path).read_text("utf-8").strip()
            except OSError as error:
                raise ValueError(f"{name}_file: {path}: {error.strerror}") from error
        return data


class Channel(Section):
    """What may be said of every channel: the limits of its lane, for all workers together."""

    rate_per_s: float | None = Field(default=None, gt=0, examples=[20])
    """How many documents are handed over in a second, on average; by default as many as go."""

    burst: int | None = Field(default=None, ge=1, examples=[20])
    """How many of these may come at once after a pause; by default what a second brings."""

    trip_after: int = Field(default=5, ge=0)
    """After so many calls in a row that nobody answered, the channel is left in peace; 0: never."""

    rest_s: float = Field(default=30, gt=0)
    """How long it is left in peace, before one document tries whether somebody answers. Twice as
    long each time that nobody does, at most 15 minutes."""

    @model_validator(mode="after")
    def _no_burst_alone(self) -> Self:
        if self.burst is not None and self.rate_per_s is None:
            raise ValueError("burst goes with rate_per_s")
        return self


def is_secret(info: FieldInfo) -> bool:
    """Whether a field's value is never shown."""
    return SecretStr in (info.annotation, *get_args(info.annotation))


def revealed(value: SecretStr | None) -> str | None:
    """A secret as the part that needs it gets it."""
    return None if value is None else value.get_secret_value()
