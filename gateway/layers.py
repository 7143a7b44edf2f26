"""The layers that settings come in: where each value came from, and what is wrong with it.

In charge of reading and merging. Not in charge of what can be set (`gateway.config`).
Later layers win: defaults < TOML file < environment (`BUDKAVLE_`) < command line. The file is the
one named by `--config` or `BUDKAVLE_CONFIG`, else `budkavle.toml` in the data directory, if there.
"""

from __future__ import annotations

import difflib
import os
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from gateway.config import PREFIX, Settings
from gateway.section import ConfigError, Section, is_secret

FILE_NAME = "budkavle.toml"
# Read by the command line itself; not settings of the gateway.
OTHER_VARIABLES = {"BUDKAVLE_CONFIG", "BUDKAVLE_URL", "BUDKAVLE_API_KEY"}


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. `name` is dotted: `email.port`."""

    name: str
    info: FieldInfo
    section: type[Section] | None

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.replace(".", "__").upper()

    @property
    def secret(self) -> bool:
        """Whether the value is never shown."""
        return is_secret(self.info)

    @property
    def meaning(self) -> str:
        """What it is for."""
        return " ".join((self.info.description or "").split())


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for each dotted name that was set, where the value came from."""

    settings: Settings
    sources: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yields (name, effective value, source) for each key of each section in use."""
        for key, shown in in_effect(self.settings):
            yield key.name, shown, self._source(key.name)

    def _source(self, name: str) -> str:
        """Where a value came from; a table has a source for each of its rows."""
        below = (where for row, where in self.sources.items() if row.startswith(f"{name}."))
        return self.sources.get(name) or next(below, "default")


def in_effect(settings: Settings) -> Iterator[tuple[Key, str]]:
    """Yields each key of each section in use, and its value; secrets are masked."""
    for key in every_key():
        if key.section is not None and getattr(settings, key.name.partition(".")[0]) is None:
            continue
        value = _value(settings, key)
        yield key, "" if value is None else "********" if key.secret else str(value)


def is_usual(settings: Settings, key: Key) -> bool:
    """Whether a key in use has the value that it has where nobody sets it."""
    usual = key.info.get_default(call_default_factory=True)
    return not key.info.is_required() and bool(_value(settings, key) == usual)


def _value(settings: Settings, key: Key) -> Any:
    value: Any = settings
    for part in key.name.split("."):
        value = getattr(value, part, None)
    return value


def sections() -> Iterator[tuple[str, type[Section], bool]]:
    """Yields (name, class, whether it may be absent) of each section."""
    for name, info in Settings.model_fields.items():
        found = _section(info)
        if found is not None:
            yield name, found, info.default_factory is None


def every_key() -> Iterator[Key]:
    """Yields every setting there is, in the order of the documentation."""
    for name, info in Settings.model_fields.items():
        section = _section(info)
        if section is None:
            yield Key(name, info, None)
            continue
        for inner, inner_info in sorted(
            section.model_fields.items(), key=lambda field: field[0] not in section.__annotations__
        ):  # its own before what all of its kind have
            yield Key(f"{name}.{inner}", inner_info, section)


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Merges the layers and checks them. `flags` is nested as the settings are.

    Raises ConfigError, whose message names every wrong key, its source and what to do.
    """
    environment = os.environ if environment is None else environment
    flags = flags or {}
    from_environment, faults = _environment(environment)
    named = file or (
        Path(environment["BUDKAVLE_CONFIG"]) if "BUDKAVLE_CONFIG" in environment else None
    )
    data = (
        flags.get("data") or from_environment.get("data") or Settings.model_fields["data"].default
    )
    path = named or Path(data) / FILE_NAME
    layers: list[tuple[str, Mapping[str, Any]]] = []
    if named is not None or path.is_file():
        layers.append((str(path), _toml(path)))
    layers += [("environment", from_environment), ("command line", flags)]

    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, layer in layers:
        _merge(merged, layer, source, sources, "")
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        faults += [_explain(fault, sources) for fault in error.errors()]
    if faults:
        raise ConfigError("\n".join(faults))
    return Loaded(settings, sources)


def sample() -> str:
    """A TOML file with every setting commented out: its meaning, and the default or an example."""
    lines = [
        "# Budkavle settings. #key = value shows the default, or an example.",
        "# Each can be set in the environment too: [email] port is BUDKAVLE_EMAIL__PORT.",
        "",
    ]
    off = {name for name, _, optional in sections() if optional}
    last = ""
    for key in every_key():
        section, _, name = key.name.rpartition(".")
        if section != last:
            assert key.section is not None
            lines += ["", *_remark(key.section.__doc__ or "")]
            if section in off:
                lines += [f"# Without this section {key.section.absent}."]
            lines += [f"#[{section}]" if section in off else f"[{section}]"]
            last = section
        lines += [*_remark(key.meaning), f"#{name} = {_toml_value(key)}"]
    return "\n".join(lines) + "\n"


def _remark(text: str) -> list[str]:
    return textwrap.wrap(text, 98, initial_indent="# ", subsequent_indent="# ")


def default_text(key: Key) -> str:
    """The default as it would stand in TOML; "required" or "none" where there is no value."""
    if key.info.is_required():
        return "required"
    return "none" if key.info.default is None else _toml_literal(key.info.default)


# --- layers ------------------------------------------------------------------------------------


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name the file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def _environment(environment: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Nested values out of the variables that are ours, and a line for each unknown one."""
    known = {key.variable for key in every_key()}
    ours = {name.upper(): value for name, value in environment.items()}
    ours = {name: value for name, value in ours.items() if name.startswith(PREFIX)}
    faults = [
        f"{name}: unknown environment variable{_did_you_mean(name, known)}"
        for name in sorted(ours.keys() - known - OTHER_VARIABLES)
    ]
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): ours[name] for name in ours.keys() & known}
    return source(), faults


def _merge(
    into: dict[str, Any],
    layer: Mapping[str, Any],
    source: str,
    sources: dict[str, str],
    prefix: str,
) -> None:
    for name, value in layer.items():
        if isinstance(value, Mapping):
            below = into.setdefault(name, {})
            if isinstance(below, dict):
                _merge(below, value, source, sources, f"{prefix}{name}.")
                continue
        into[name] = value
        sources[prefix + name] = source


# --- words ---------------------------------------------------------------------------------------


def _explain(fault: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    source = sources.get(name) or next(
        (where for set_name, where in sources.items() if set_name.startswith(f"{name}.")), None
    )
    where = f" (from {source})" if source else ""
    if fault["type"] == "extra_forbidden":
        known = [key.name for key in every_key()] + [section for section, _, _ in sections()]
        return f"{name}: unknown setting{_did_you_mean(name, known)}{where}"
    if fault["type"] == "missing":
        section = name.partition(".")[0]
        return f"{name}: missing; [{section}] needs it{where}"
    text = fault["msg"].removeprefix("Value error, ")
    # A wrong secret must not be quoted.
    quoted = "" if _names_secret(name) else f", not {fault['input']!r}"
    return (
        f"{name}: {text[0].lower()}{text[1:]}{quoted if _is_plain(fault['input']) else ''}{where}"
    )


def _did_you_mean(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else "; `budkavle config --sample` lists all"


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _names_secret(name: str) -> bool:
    return any(key.secret and key.name == name for key in every_key())


def _section(info: FieldInfo) -> type[Section] | None:
    for candidate in (info.annotation, *get_args(info.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Section):
            return candidate
    return None


def _toml_value(key: Key) -> str:
    if key.info.default is None or key.info.is_required():
        example = (key.info.examples or ["..."])[0]
        return _toml_literal(example)
    return _toml_literal(key.info.default)


def _toml_literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml_literal(item) for item in value)}]"
    if isinstance(value, Mapping):
        pairs = (f'"{name}" = {_toml_literal(item)}' for name, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return f'"{value}"'
