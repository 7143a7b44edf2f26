"""The sandbox: a gateway and all it talks to on loopback, and a clock that moves.

In charge of starting them together, with companies and API keys to begin with. Not in charge of
how the partners behave: that is told by the recipient's address (the sandbox of each channel in
`transports`). Nothing here is for real documents: the keys are printed in the docs.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web

from gateway import config, layers
from gateway.app import Gateway
from gateway.clock import MovableClock
from gateway.console.opening import rules
from gateway.sandbox.controls import Controls
from gateway.sandbox.partners import Other, Partners
from gateway.sandbox.people import let_in
from gateway.sandbox.peppol import OTHERS, SEAT, SMP_ID, SMP_SEAT
from gateway.sandbox.seeds import RECEIVER, SEEDS, SENDER, SENDER_NO, UNVERIFIED, Seed, plant
from gateway.sandbox.ways_in import WaysIn
from schemas.identifiers import Participant

__all__ = [
    "OTHERS",
    "RECEIVER",
    "SEAT",
    "SEEDS",
    "SENDER",
    "SENDER_NO",
    "SMP_ID",
    "SMP_SEAT",
    "UNVERIFIED",
    "Sandbox",
    "Seed",
    "plant",
]


class Sandbox:
    """Everything on one machine; `async with Sandbox(data) as sandbox: ... sandbox.gateway.url`.

    A partner that says nothing is given up after `patience_s`; a real one gets minutes. `others`
    are there instead of the usual partners of their channels.
    """

    def __init__(
        self,
        data: Path,
        *,
        listen: str = "127.0.0.1:0",
        patience_s: float = 5,
        others: Collection[Other] = (),
    ) -> None:
        self.clock = MovableClock(running=True)
        self.partners = Partners(data, self.clock, patience_s=patience_s, others=others)
        self.mail = self.partners.mail
        self.print_house = self.partners.print_house
        self.network = self.partners.peppol.network
        self.access_point = self.partners.peppol.access_point
        self.ways_in = WaysIn(data, self.mail)
        self.url = ""  # of the sandbox's own controls
        self.gateway: Gateway
        self._data = data
        self._listen = listen
        self._up = AsyncExitStack()

    async def start(self) -> None:
        """Starts the partners, then the gateway that knows them; what `Gateway.start` raises."""
        async with AsyncExitStack() as up:
            await up.enter_async_context(self.partners)
            await up.enter_async_context(self.ways_in)
            gateway = Gateway(self._settings(), self.clock, mailboxes=self.partners.mailboxes)
            self.gateway = await up.enter_async_context(gateway)
            await plant(self.gateway.store, self.clock)
            console = rules(self.gateway.settings.console)
            await let_in(self.gateway.store, self.clock, console)
            await self._start_controls(up)
            self._up = up.pop_all()

    async def stop(self) -> None:
        """Stops all of it."""
        await self._up.aclose()

    def _settings(self) -> config.Settings:
        return layers.load(
            {
                "data": self._data,
                "http": {"listen": self._listen},
                # So that nobody waits for a document that became due by the clock's moving.
                "worker": {"poll_s": 0.1, "collect_every_s": 0.2},
                "webhooks": {"allow_http": True, "allow_private": True},  # to this machine too
                "fetch": {"allow_http": True, "allow_private": True},
                "console": {"second_factor": "nobody"},  # nobody has an app for it
                **self.partners.settings(),
                **self.ways_in.settings(),
            },
            environment={},  # what is set for a real gateway on this machine is not meant here
        ).settings

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def put_forward(self, by: timedelta) -> None:
        """Puts the clock forward; the worker notices in a moment what is due by that."""
        self.clock.move(by)

    async def bill(self, to: Participant) -> str:
        """Has a company at the other access point send an invoice; answers its number.

        Raises ValueError when nobody has registered the participant, or it was not taken.
        """
        return await self.partners.peppol.bill(to)

    def received(self) -> dict[str, Any]:
        """What the partners have taken, by their names."""
        return self.partners.received()

    async def _start_controls(self, up: AsyncExitStack) -> None:
        app = web.Application()
        app.add_routes(Controls(self).routes())
        runner = web.AppRunner(app, access_log=None)
        up.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
