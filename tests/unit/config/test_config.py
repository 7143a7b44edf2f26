from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway import config, layers
from gateway.section import ConfigError

EMAIL = {"BUDKAVLE_EMAIL__HOST": "mail.example", "BUDKAVLE_EMAIL__SENDER": "bills@example.com"}


def faults(flags: dict[str, Any] | None = None, **how: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        layers.load(flags, **{"environment": {}, **how})
    return str(caught.value).splitlines()


def test_each_layer_wins_over_the_one_below(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text("[worker]\nconcurrency = 2\nlease_s = 3\n[log]\nlevel = 'debug'\n")
    loaded = layers.load(
        {"log": {"level": "error"}},
        file=file,
        environment={"BUDKAVLE_WORKER__LEASE_S": "4", "BUDKAVLE_LOG__LEVEL": "warning"},
    )
    worker, log = loaded.settings.worker, loaded.settings.log
    assert (worker.concurrency, worker.lease_s, log.level) == (2, 4, "error")
    sources = {name: source for name, _, source in loaded.rows()}
    assert sources["worker.concurrency"] == str(file)
    assert sources["worker.lease_s"] == "environment"
    assert sources["log.level"] == "command line"
    assert sources["log.format"] == "default"


def test_the_file_in_the_data_directory_is_found(tmp_path: Path) -> None:
    (tmp_path / "budkavle.toml").write_text("[worker]\nconcurrency = 7\n")
    assert layers.load({"data": tmp_path}, environment={}).settings.worker.concurrency == 7
    by_environment = layers.load(environment={"BUDKAVLE_DATA": str(tmp_path)})
    assert by_environment.settings.worker.concurrency == 7


def test_a_named_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (line,) = faults(file=tmp_path / "none.toml")
    assert "none.toml" in line and "--config" in line
    (line,) = faults(environment={"BUDKAVLE_CONFIG": str(tmp_path / "gone.toml")})
    assert "gone.toml" in line


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("[worker\n")
    (line,) = faults(file=file)
    assert "bad.toml" in line and "line 1" in line


def test_every_fault_is_told_at_once_with_its_source(tmp_path: Path) -> None:
    file = tmp_path / "budkavle.toml"
    file.write_text("[worker]\nconcurency = 2\n[email]\nport = 'many'\n[lettre]\nurl = ''\n")
    lines = faults({"http": {"listen": "nowhere"}}, file=file)
    text = "\n".join(lines)
    assert (
        f"worker.concurency: unknown setting; did you mean worker.concurrency? (from {file})"
        in lines
    )
    assert "did you mean letter" in text
    assert "email.host: missing" in text
    assert "email.port" in text and "'many'" in text
    assert "http.listen" in text and "'nowhere'" in text and "command line" in text


def test_a_port_that_there_is_not() -> None:
    (line,) = faults({"http": {"listen": "127.0.0.1:65536"}})
    assert line.startswith("http.listen: a port is at most 65535")


def test_a_wrong_environment_variable_is_told_beside_the_rest() -> None:
    lines = faults(
        {"worker": {"concurrency": 0}}, environment={"BUDKAVLE_WORKER__LEASES": "1", **EMAIL}
    )
    assert any("did you mean BUDKAVLE_WORKER__LEASE_S?" in line for line in lines)
    assert any("worker.concurrency" in line for line in lines)


def test_a_channel_without_its_section_is_not_configured() -> None:
    assert layers.load(environment={}).settings.email is None
    email = layers.load(environment=EMAIL).settings.email
    assert email is not None and email.host == "mail.example"


def test_the_sample_is_a_settings_file_and_holds_every_key(tmp_path: Path) -> None:
    file = tmp_path / "budkavle.toml"
    file.write_text(layers.sample())
    assert layers.load(file=file, environment={}).settings == config.Settings()

    # Taken out of their comments, the lines are the defaults, or valid examples.
    lines = (re.sub(r"^#(\S)", r"\1", line) for line in layers.sample().splitlines())
    text = "\n".join(lines)
    flat = {
        f"{section}.{name}" if isinstance(value, dict) else section
        for section, value in tomllib.loads(text).items()
        for name in (value if isinstance(value, dict) else [""])
    }
    assert flat == {key.name for key in layers.every_key()}


@pytest.mark.parametrize("key", list(layers.every_key()), ids=lambda key: key.name)
def test_every_key_says_what_it_is_for(key: layers.Key) -> None:
    assert key.meaning.endswith("."), "a sentence"
    if "float" in str(key.info.annotation):
        assert key.name.endswith("_s"), "a time says its unit"
