"""The register: what is in force when; and tables and functions keep to the house rules."""

from __future__ import annotations

import ast
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from validators import registry
from validators.findings import Severity
from validators.profiles import NAMES

RULES = Path(registry.__file__).parent / "rules"
MODULES = [path for path in RULES.rglob("*.py") if path.name != "__init__.py"]
BEFORE = registry.MAY_2026 - timedelta(days=1)


def test_a_rule_ends_on_the_day_its_release_does() -> None:
    assert "BR-CO-25" in registry.in_force(BEFORE)
    assert "BR-CO-25" not in registry.in_force(registry.MAY_2026)


def test_a_rule_can_change_its_flag() -> None:
    rule = "PEPPOL-COMMON-R052"
    assert registry.in_force(BEFORE)[rule].severity is Severity.WARNING
    assert registry.in_force(registry.MAY_2026)[rule].severity is Severity.FATAL


@pytest.mark.parametrize("profile", NAMES)
@pytest.mark.parametrize("at", [date.min, BEFORE, registry.MAY_2026, date.max])
def test_a_rule_is_in_force_once(at: date, profile: str) -> None:
    ids = [rule.id for rule in registry.rules(profile) if rule.in_force(at)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_functions_are_short_and_say_which_rules_they_are(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 40, node.name
            if any(map(_registers, node.decorator_list)):
                assert re.search(
                    r"[A-Z]+-|R\d\d|CL\d\d|P\d\d\d|F\d\d", ast.get_docstring(node) or ""
                )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_id_in_a_table_is_used_in_the_same_module(path: Path) -> None:
    """By its name, or as a family and a number: the docstring of the module says how."""
    source = path.read_text("utf-8")
    for rule in re.findall(
        r'^(?:define\(")?((?:BR|PEPPOL|UBL|[A-Z]{2}-[RS])-[A-Z0-9-]+) +(?:fatal|warning)',
        source,
        re.M,
    ):
        family, _, number = rule.rpartition("-")
        mentions = source.count(rule) > 1 or (family in source and f'"{number}"' in source)
        assert mentions or f"-{number}" in source, rule


def _registers(decorator: ast.expr) -> bool:
    names = {"nodes", "leaves", "all_nodes", "all_leaves"}
    return isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") in names
