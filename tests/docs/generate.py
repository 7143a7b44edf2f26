"""Writes what is made from the code: the reference pages, and the client's operations: `make docs`.

Each function is one page. `test_reference.py` compares them with what is on disk, `test_client.py`
the client.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from gateway import company_settings, events, layers, lifecycle
from gateway.api import problems
from gateway.cli import COMMANDS, cli
from gateway.ledger import systems
from gateway.registration import states as registration
from gateway.trust.verification import states as verification
from tests.docs import client_code
from tests.docs.api_page import api
from validators import messages, profiles, registry

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Made from the code by `make docs`. -->\n\n"


def settings() -> str:
    """Every setting."""
    text = """# Settings

Later ones win: default, settings file (TOML), environment, command line. The file is the one named
by `--config` or `BUDKAVLE_CONFIG`, else `budkavle.toml` in the data directory. `budkavle config`
shows what is in effect and where it came from; `budkavle config --sample` prints a settings file.

A secret can be kept in a file of its own: give `<name>_file` instead of `<name>`. An unknown
setting is an error.

"""
    parts = [text]
    optional = {name for name, _, may_be_absent in layers.sections() if may_be_absent}
    for name, keys in _by_section():
        first = keys[0]
        if name:
            assert first.section is not None
            absent = f" Without this section {first.section.absent}." if name in optional else ""
            about = inspect.cleandoc(first.section.__doc__ or "")
            parts.append(f"## [{name}]\n\n{about}{absent}\n\n")
        parts += [_setting(key) for key in keys]
    return "".join(parts)


def _by_section() -> Iterable[tuple[str, Sequence[layers.Key]]]:
    sections: dict[str, list[layers.Key]] = {}
    for key in layers.every_key():
        sections.setdefault(key.name.rpartition(".")[0], []).append(key)
    return sections.items()


def _setting(key: layers.Key) -> str:
    return (
        f"### {key.name}\n\n{key.meaning}\n\n"
        f"Default: {_code(layers.default_text(key))}. Environment: `{key.variable}`.\n\n"
    )


def _code(text: str) -> str:
    return text if text in {"none", "required"} else f"`{text}`"


def commands() -> str:
    """Every command."""
    text = """# Commands

Results are tables on a terminal and JSON lines in a pipe; messages and the log go to standard
error. Exit codes: 0 done, 1 done but not all is well, 2 could not be done.

"""
    with click.Context(cli, info_name="budkavle") as context:
        return text + "".join(
            _command(command, f"budkavle {name}", context)
            for name in COMMANDS
            if (command := cli.get_command(context, name)) is not None
        )


def _command(command: click.Command, name: str, parent: click.Context) -> str:
    with click.Context(command, info_name=name.split()[-1], parent=parent) as context:
        help_text = command.get_help(context)
        inner = "".join(
            _command(below, f"{name} {key}", context)
            for key, below in (command.commands if isinstance(command, click.Group) else {}).items()
        )
    return f"## {name}\n\n```text\n{help_text}\n```\n\n{inner}"


def states() -> str:
    """The state table and its picture."""
    lines = ["# States\n"]
    lines += ["Where a document is on its way. Final: nothing more happens by itself.\n"]
    lines += ["| State | Meaning | Final |", "|---|---|---|"]
    for state in lifecycle.State:
        final = "yes" if state in lifecycle.FINAL else ""
        lines.append(f"| `{state}` | {_remark(state)} | {final} |")
    lines += ["\n```mermaid", "stateDiagram-v2", "    [*] --> received"]
    lines += [
        f"    {before} --> {after}: {why.replace(':', ',')}"
        for (before, after), why in lifecycle.ALLOWED.items()
    ]
    lines += ["```\n", "## The buyer's answer\n"]
    lines += ["An axis of its own, independent of the way the document took: "]
    lines[-1] += ", ".join(f"`{business}`" for business in lifecycle.Business) + ". He may begin"
    lines[-1] += " anywhere and leave out steps, and never goes back; a payment in part (`PD` with"
    lines[-1] += " the reason `PPD`) leaves it `accepted`.\n"
    lines += ["| After | may come |", "|---|---|"]
    for before, after in lifecycle.ANSWERS.items():
        may = ", ".join(f"`{business}`" for business in after)
        lines.append(f"| `{before}` | {may or 'nothing more'} |")
    lines += ["\n## The inbox\n"]
    lines += ["Where a document that came in is on its way to the ERP.\n"]
    lines += ["| State | Meaning |", "|---|---|"]
    lines += [f"| `{state}` | {_remark(state)} |" for state in lifecycle.InboxState]
    lines += ["\n```mermaid", "stateDiagram-v2", "    [*] --> reading"]
    lines += [
        f"    {before} --> {after}: {why.replace(':', ',')}"
        for (before, after), why in lifecycle.INBOX.items()
    ]
    lines += ["```"]
    return "\n".join(lines) + "\n"


def _remark(state: lifecycle.State | lifecycle.InboxState) -> str:
    """What the comment beside a state says: the table is written once, in the code."""
    source = inspect.getsource(lifecycle)
    found = re.search(rf'= "{state}"  # (.+)', source)
    assert found is not None, f"{state} has no comment in gateway/lifecycle.py"
    return found[1]


def event_types() -> str:
    """Every event."""
    return f"""# Events

`GET /v1/events` gives them in the order they happened; go on from the cursor `next` of the last
answer. At least once: an answer that got lost is read again with the same cursor. An event holds
`id`, `type`, `at`, `document_id`, `data` and its `cursor`. [Webhooks](../howto/webhooks.md) bring
the same events to you.

{events.table()}"""


def ledgers() -> str:
    """Every state in the words of each ledger."""
    return f"""# States in the words of ledgers

`GET /v1/documents?ledger=odoo`, `GET /v1/documents/{{id}}?ledger=odoo` and `GET
/v1/events?ledger=odoo` show our states in the words of a ledger too, in a field `ledger`: `system`,
`status`, `text`; `budkavle events --as odoo` does the same. Where the ledger has a word for it, the
[buyer's answer](states.md#the-buyers-answer) outweighs how the document was delivered, unless it
was rejected, failed or cancelled. An event knows what it tells itself, and no more: events that
leave the state as it is have no `ledger`. Documents that came in have none.

Ledgers know less than the gateway, so each table ends with what is lost. Keep our `state`, `code`
and `text` beside the ledger's own status where there is room.

{systems.table()}"""


def participant_states() -> str:
    """Every state of a participant in Peppol."""
    return f"""# Participants

How a participant of yours stands in Peppol: `GET /v1/participants`, `budkavle participant list`.
[How to register one](../howto/register-participants.md). `code` and `text` say why it does not go
on; where they are empty all is well.

{registration.table()}"""


def rules() -> str:
    """Every rule of validation, by profile."""
    text = """# Rules

`budkavle check` and every accepted document are held to the rules of a profile, which is chosen by
what the document says it is, or named with `--profile`. Ids and flags are the official ones; a
fatal rule stops a document, a warning does not. A rule with days counts from the first to before
the last. The day is today, or the one given with `--at`. Beside these, an id that begins `GUARD-`
says that a file is not safe or not possible to read, and `STRUCTURE-` that its structure is not
right, or that there is no profile for it.

"""
    names = sorted(profiles.NAMES, key=lambda name: name != profiles.PEPPOL_BILLING)
    told: dict[registry.Rule, str] = {}
    parts = [_profile(profiles.PROFILES[name], told) for name in names]
    return text + "\n".join(parts)


def _profile(profile: profiles.Profile, told: dict[registry.Rule, str]) -> str:
    """The section of a profile: a rule that an earlier one has is not told again."""
    texts = messages.texts("en").messages
    lines = [f"## {profile.name}\n", f"{profile.meaning}.\n"]
    own = registry.rules(profile.name)
    before = dict.fromkeys(told[rule] for rule in own if rule in told)
    if before:
        lines += [f"Has rules of {', '.join(f'`{name}`' for name in before)}.\n"]
    if profile.without:
        lines += [f"Does not count: {', '.join(sorted(profile.without))}.\n"]
    new = [rule for rule in own if rule not in told]
    if new:
        lines += [
            "| Rule | Flag | Terms | From | Until | What it finds |",
            "|---|---|---|---|---|---|",
        ]
    for rule in new:
        told[rule] = profile.name
        lines.append(
            f"| {rule.official} | {rule.severity} | {', '.join(rule.terms)} | {rule.since or ''}"
            f" | {rule.until or ''} | {texts[rule.id][0].replace('|', '/')} |"
        )
    return "\n".join(lines) + "\n" * bool(new)


def company_states() -> str:
    """How a company stands, and how far it is with signing."""
    text = """# How companies stand

Who a company is, and how far it is with signing for itself: two things, as a company that is
verified can be asked to sign once more and goes on sending meanwhile. Each row lists the states
that can come after. How it goes: [verify companies](../howto/verify-companies.md).

"""
    return text + verification.tables()


def problem_types() -> str:
    """Every problem type of the API."""
    parts = [
        """# Problems

A request that is refused is answered with `application/problem+json` (RFC 9457): `type`, `title`,
`status`, `detail`, `request_id`, and in `errors` everything that is wrong at once. Each error has a
`detail`, and where they apply `pointer` (into your JSON body), `where` and `line` (in your XML),
`parameter`, `rule`, `hint` and `terms`. The `type` is also a page on the gateway itself.

"""
    ]
    for kind, meaning in problems.MEANINGS.items():
        parts.append(
            f"## /problems/{kind}\n\n**{meaning.status}** {meaning.title}. {meaning.says}\n\n"
            f"*What to do:* {meaning.remedy}\n\n"
        )
    return "".join(parts)


def of_companies() -> str:
    """What can be settled for companies and their customers."""
    text = """# Settings of companies

What can be settled for companies and their customers, over HTTP (`/v1/settings`) or by command
(`budkavle settings`). The nearest counts: the customer, its classes, the company, the company that
it is a sub-unit of, the account, the default. [How to](../howto/settle-things-for-customers.md).

| setting | may be | default | settled for | means |
|---|---|---|---|---|
"""
    for one in company_settings.TABLE.values():
        default = {True: "yes", False: "no", None: "none"}.get(one.default, one.default)
        levels = ", ".join(one.levels)
        text += f"| `{one.name}` | {one.values} | {default} | {levels} | {one.meaning} |\n"
    text += "\nWhat is settled elsewhere:\n\n"
    return text + "".join(f"- {what}\n" for what in company_settings.ELSEWHERE.values())


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "company-settings.md": of_companies,
    "cli.md": commands,
    "states.md": states,
    "events.md": event_types,
    "ledger.md": ledgers,
    "participants.md": participant_states,
    "api.md": api,
    "problems.md": problem_types,
    "verification.md": company_states,
    "rules.md": rules,
}


def main() -> None:
    """Writes every page that has changed, and the client's part that is made as they are."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    written = {REFERENCE / name: NOTE + page() for name, page in PAGES.items()}
    for name, module in client_code.MODULES.items():
        written[client_code.CLIENT / name] = module()
    for path, text in written.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            click.echo(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
