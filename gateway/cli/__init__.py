"""`budkavle`: the command line. One module per group of commands, loaded when it is used.

Output is for people on a terminal and JSON lines in a pipe; the log goes to standard error.
Exit codes: 0 done, 1 done but not all is well, 2 could not be done (usage, settings, network).
`budkavle check` must start fast, so nothing heavy is imported here.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

# command: module below gateway.cli that defines it under the same name
COMMANDS = {
    "serve": "serve",
    "demo": "demo",
    "sandbox": "sandbox",
    "check": "check",
    "explain": "explain",
    "rules": "rules",
    "build": "build",
    "send": "client",
    "inbox": "client",
    "set-aside": "set_aside",
    "respond": "respond",
    "reroute": "reroute",
    "resend": "reroute",
    "choose": "reroute",
    "revoke": "revoke",
    "repair": "repair",
    "timeline": "timeline",
    "events": "client",
    "webhook": "webhooks",
    "lookup": "lookup",
    "route": "route",
    "report": "report",
    "evidence": "evidence",
    "export": "evidence",
    "account": "access",
    "company": "tenants",
    "customer": "customers",
    "mail": "mail",
    "key": "access",
    "participant": "participants",
    "person": "people",
    "publisher": "participants",
    "settings": "company_settings",
    "prices": "prices",
    "usage": "usage",
    "retention": "retention",
    "audit": "audit",
    "backup": "backup",
    "restore": "backup",
    "blobs": "blobs",
    "encryption": "encryption",
    "jobs": "jobs",
    "doctor": "doctor",
    "config": "settings",
    "migrate": "settings",
    "version": "settings",
}


class _Lazy(click.Group):
    """Imports a command's module when the command is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"gateway.cli.{COMMANDS[cmd_name]}")
        found = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        # A reader that went away (`budkavle check ... | head`) is no error of ours; by itself,
        # click would end with 1, and Python complain when it writes out the rest.
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Budkavle carries e-invoices: checks them, finds a way to the recipient, keeps the proof."""


def main() -> None:
    """The console script."""
    cli(prog_name="budkavle")
