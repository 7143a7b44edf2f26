"""The sandbox's ways in that need no HTTP: a drop folder, and a mailbox that documents come to.

The folder is the first seed's, below the data directory. Mail to `in.gateway.example` that the
sandbox's mail server takes comes to the mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.drops.place import ALWAYS, Folder
from gateway.sandbox.seeds import SENDER
from transports.email.sandbox import AUTHSERV_ID
from transports.email.sandbox import Sandbox as MailServer
from transports.email.sandbox.imap import Folder as MailFolder
from transports.email.sandbox.imap import Mailbox

DOMAIN: Final = "in.gateway.example"


class WaysIn:
    """Both of them; `async with WaysIn(data, mail) as ways: ... ways.settings()`."""

    def __init__(self, data: Path, mail: MailServer) -> None:
        self.folder = data / "drop"
        self.mailbox = Mailbox("documents", "sandbox")
        self.mailbox.folders["Aside"] = MailFolder()
        mail.mailboxes[DOMAIN] = self.mailbox

    async def __aenter__(self) -> WaysIn:
        for name in (*ALWAYS, Folder.STATUS):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        await self.mailbox.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.mailbox.close()

    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """The sections of a gateway's settings that lead to them."""
        return {
            "drops": {
                "folders": {SENDER.company.id: str(self.folder.absolute())},
                "every_s": 1,
                "settle_s": 1,
            },
            "mail_in": {
                "domain": DOMAIN,
                "host": "127.0.0.1",
                "port": self.mailbox.port,
                "tls": "none",
                "username": self.mailbox.username,
                "password": self.mailbox.password,
                "authserv_id": AUTHSERV_ID,
                "every_s": 1,
            },
        }
