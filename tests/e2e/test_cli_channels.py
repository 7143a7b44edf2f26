"""`budkavle company channel`: a company's terms with the channels, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from gateway.cli import cli

MADE = ("company", "add", "Snickeri AB", "--country", "SE", "--participant", "0007:5560001116")


def test_terms_are_settled_shown_and_taken_back(tmp_path: Path) -> None:
    def ran(*words: str, given: Any = None) -> Result:
        text = given if isinstance(given, str) else json.dumps(given)
        return CliRunner().invoke(cli, [*words, "--data", str(tmp_path)], input=text)

    def lines(*words: str, given: Any = None) -> list[Any]:
        result = ran(*words, given=given)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    company = lines(*MADE)[0]["id"]
    here = ("company", "channel", company)
    assert lines(*here) == []
    terms = {"name": "Snickeri", "attach_xml": True}
    settled = {"channel": "email", "terms": terms}
    assert lines(*here, "email", "-", given=terms) == [settled]
    assert lines(*here) == [settled]
    wrong = ran(*here, "email", "-", given={"name": 1, "hours": {"from": "8"}})
    assert wrong.exit_code == 2
    assert "name: " in wrong.stderr and "hours: from: " in wrong.stderr
    for bad in ("[1]", "{", '{"note": "' + "x" * 20_000 + '"}'):
        assert ran(*here, "email", "-", given=bad).exit_code == 2
    assert lines(*here, "email") == [settled]
    assert ran(*here, "pigeon").exit_code == 2
    assert ran(*here, "--remove").exit_code == 2
    assert ran("company", "channel", "com_none").exit_code == 2
    nobody = ran("company", "channel", "com_none", "email", "-", given=terms)
    assert nobody.exit_code == 2 and "budkavle company list" in nobody.stderr
    assert lines(*here, "email", "--remove") == []
    entries = lines("audit", "list")
    assert [entry["action"] for entry in entries] == ["company.added", *["channel.settled"] * 2]
