"""The composition root: the one place that knows every part and puts them together.

In charge of starting and stopping. It holds no rule of its own. `budkavle serve`, the sandbox, the
demo and the tests all run this same gateway.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from gateway import config
from gateway.agreements import Agreements
from gateway.api.app import OPERATIONS, SERVICE, make_app, make_runner
from gateway.api.guard import Guard
from gateway.api.link_pages import LinkPages
from gateway.api.routes import Limits, Pages, no_pages
from gateway.archive import exports
from gateway.archive.backup import between_backups
from gateway.archive.retention import Daily, signing_key
from gateway.blobs.sweep import Sweeps
from gateway.channel_health import Sums
from gateway.channels import TERMS, configured, lane_limits, rates, routes, transports
from gateway.channels.email import email_settings
from gateway.channels.parts import Parts
from gateway.clock import Clock, SystemClock
from gateway.config import Settings
from gateway.console.opening import open_console, setup_of
from gateway.console.setup import Mailbox
from gateway.console.uploaded import Uploads
from gateway.delivery.bindery import Bindery, press
from gateway.delivery.fetching import KIND as FETCH
from gateway.delivery.fetching import Fetching
from gateway.delivery.fetching import Limits as FetchLimits
from gateway.delivery.links import Linking, link_secret
from gateway.delivery.logos import Logos
from gateway.delivery.processes import Processes
from gateway.delivery.scanning import Scanning
from gateway.delivery.schedules import Handler, Schedule
from gateway.delivery.unpacking import Unpacking, unpackers
from gateway.delivery.warming import warm_up
from gateway.delivery.worker import Worker
from gateway.delivery.workshop import HERE, Workshop
from gateway.handing_in import HandingIn
from gateway.identifying.jobs import KIND as IDENTIFY
from gateway.identifying.jobs import Jobs
from gateway.noticing import noticing
from gateway.outside.client import Outside, Rules
from gateway.peppol import AccessPoint, access_point
from gateway.publisher import PublishingPoint, publishing_point
from gateway.scanning.clamd import Clamd
from gateway.store.opening import open_store
from gateway.store.port import Store
from gateway.trust.people.directory import Directory
from gateway.trust.post import KIND as POST
from gateway.trust.post import Posting
from gateway.usage.charging import Charging
from gateway.verifying import Verifying, verifying
from gateway.ways import Ways
from gateway.ways_in import ASIDE, ways_in
from gateway.webhooks.courier import Courier
from gateway.webhooks.endpoints import Webhooks
from gateway.webhooks.line import PUSH
from gateway.webhooks.pushing import Pushing
from gateway.webhooks.sealing import Sealing
from gateway.webhooks.waking import Waking
from transports.base import Recalling, Transport
from transports.email.service import ServiceMail

log = structlog.get_logger()

# More would wait for the one process that writes: docs/decisions/0005-heavy-work-in-processes.md.
_MOST_PROCESSES = 8
# Documents of an older version that get what they are found by at once: the writer's for so long.
_NAMED_AT_ONCE = 200


class Role(StrEnum):
    """Which part of a gateway a process is."""

    ALL = "all"
    API = "api"  # takes documents in and answers; does no work
    WORKER = "worker"  # works; answers how it is, and its metrics


class Gateway:
    """Store, channels, worker and API of one process. Use as `async with Gateway(settings)`.

    `mailboxes` is what the partners in the sandbox have received, for the console to show. `url`
    and `store` are there once it has started; `outer_url` where a channel needs the outer
    listener.
    """

    store: Store
    url: str
    outer_url: str | None = None

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        role: Role = Role.ALL,
        mailboxes: Callable[[], Sequence[Mailbox]] | None = None,
    ) -> None:
        self.settings = settings
        self._mailboxes = mailboxes
        self.clock = clock or SystemClock()
        self.role = role
        self._working: asyncio.Task[None] | None = None
        self._verifying: Verifying
        self._up = AsyncExitStack()

    async def start(self) -> None:
        """Opens everything; when it returns, requests are answered.

        Raises OSError, ConfigError, StorageUnavailable, store.sqlite.DirectoryInUse and
        SchemaTooNew.
        """
        settings = self.settings
        async with AsyncExitStack() as up:  # undone in reverse, also when starting fails half-way
            self.store = await open_store(settings)
            up.push_async_callback(self.store.close)
            await self.store.blobs.check()
            await signing_key(self.store)  # there from the first start on, for backups and readers
            registry = CollectorRegistry()
            courier = self._courier(up, registry)
            self._verifying = await verifying(settings, self.store, self.clock)
            up.push_async_callback(self._verifying.close)
            gate = self._verifying.gate
            peppol = None
            if settings.peppol is not None:
                peppol = await access_point(settings.peppol, self.store, self.clock, registry, gate)
                up.push_async_callback(peppol.channel.close)
            publishing = None
            if settings.publisher is not None:
                publishing = await publishing_point(settings, self.store, self.clock, gate)
                up.push_async_callback(publishing.close)
            linking = await linking_of(settings, self.store)
            self._noticing = await noticing(settings, self.store, self.clock)
            bindery = None if self.role is Role.API else self._bindery(up)
            channels = self._channels(up, bindery, peppol)
            ways = Ways(
                channels,
                self.clock,
                rates=rates(settings),
                per_minute=settings.lookup.per_minute,
            )
            jobs = Jobs(self.store, ways, self.clock, rows_per_s=settings.lookup.rows_per_s)
            opening = self._opening(up)
            unpacking = Unpacking(opening)
            worker = None
            if bindery is not None:
                worker = await self._worker(
                    *(up, registry, courier, channels, bindery, jobs),
                    *(peppol, publishing, linking, unpacking),
                )
            directory = Directory(self.store, self.clock, settings.console.url or "")
            pages: Pages = no_pages
            if self.role is not Role.WORKER:
                handing_in = HandingIn(self.store, self.clock, unpacking, gate)
                console, pages = await open_console(
                    *(settings.console, settings.oidc, self.store, self.clock),
                    *(directory, handing_in, _limits(settings.http)),
                    setup=await setup_of(settings, self._mailboxes),
                )
                up.push_async_callback(console.close)
            app = make_app(
                self.store,
                Webhooks(self.store, courier, self.clock, most=settings.webhooks.most),
                self.clock,
                limits=_limits(settings.http),
                channels=configured(settings),
                terms=TERMS,
                participants=None if publishing is None else publishing.verbs,
                lookups=peppol.lookups if peppol else None,
                ways=ways,
                jobs=jobs,
                agreements=Agreements(self.store, channels, self.clock),
                recalling=[name for name, one in channels.items() if isinstance(one, Recalling)],
                unpacking=unpacking,
                logos=Logos(opening),
                registry=registry,
                operations=SERVICE if self.role is Role.WORKER else OPERATIONS,
                directory=directory,
                pages=pages,
                guard=guard(settings.http, self.clock),
                public_url=settings.http.public_url,
                gate=gate,
                verification=self._verifying.verbs,
            )
            runner = make_runner(app, drain_s=settings.http.drain_s)
            up.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, settings.http.host, settings.http.port).start()
            self.url = _url(runner.addresses[0])
            directory.url = directory.url or self.url
            shown = list(routes(settings, Parts(self.store, self.clock, gate=gate)))
            shown += self._verifying.routes
            shown += self._noticing.routes
            if peppol is not None:
                shown += peppol.endpoint.routes()
            if publishing is not None:
                shown += publishing.routes
            if linking is not None:
                shown += link_pages(settings, self.store, self.clock, linking).routes()
            if shown and self.role is not Role.WORKER:
                self.outer_url = await self._outer(up, shown)
            if worker is not None:
                self._working = asyncio.create_task(worker.run(), name="worker")
                waking = asyncio.create_task(Waking(self.store, self.clock).run(), name="waking")
                up.callback(waking.cancel)
            self._up = up.pop_all()
        log.info("gateway_started", url=self.url, role=self.role)

    async def _outer(self, up: AsyncExitStack, routes: Sequence[web.AbstractRouteDef]) -> str:
        """Starts the outer listener, which partners post to; answers its address."""
        app = web.Application()
        app.add_routes(routes)
        runner = make_runner(app, drain_s=self.settings.http.drain_s)
        up.push_async_callback(runner.cleanup)
        await runner.setup()
        host, _, port = self.settings.outer.listen.rpartition(":")
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        return _url(runner.addresses[0])

    def _courier(self, up: AsyncExitStack, registry: CollectorRegistry) -> Courier:
        outside = Outside(_rules(self.settings.webhooks))
        up.push_async_callback(outside.close)
        sealing = Sealing(self.store.blobs.keys, self.clock)
        return Courier(outside, sealing, self.clock, registry=registry)

    def _channels(
        self, up: AsyncExitStack, bindery: Bindery | None, peppol: AccessPoint | None
    ) -> Mapping[str, Transport]:
        """All that are set up: also where nothing is sent, what they know is asked for."""
        parts = Parts(self.store, self.clock, gate=self._verifying.gate)
        if bindery is not None:
            parts = dataclasses.replace(parts, count=bindery.pages)
        channels = dict(transports(self.settings, parts))
        for channel in channels.values():
            up.push_async_callback(channel.close)
        if peppol is not None:
            channels[peppol.channel.name] = peppol.channel
        return channels

    async def _worker(
        self,
        up: AsyncExitStack,
        registry: CollectorRegistry,
        courier: Courier,
        channels: Mapping[str, Transport],
        bindery: Bindery,
        jobs: Jobs,
        peppol: AccessPoint | None,
        publishing: PublishingPoint | None,
        linking: Linking | None,
        unpacking: Unpacking,
    ) -> Worker:
        settings, gate = self.settings, self._verifying.gate
        posting = self._posting(up)
        uploads = Uploads(self.store, self.clock)
        ways = ways_in(settings, self.store, self.clock, unpacking, gate, registry)
        worker = Worker(
            self.store,
            channels,
            self.clock,
            registry=registry,
            workshop=await self._workshop(up),
            bindery=bindery,
            linking=linking,
            scanning=scanning_of(settings, registry),
            limits={
                **lane_limits(settings, channels),
                **(publishing.lanes if publishing else {}),
            },
            handlers={
                **self._handlers(courier),
                IDENTIFY: jobs,
                FETCH: self._fetching(up, registry),
                POST: posting,
                **(peppol.handlers if peppol else {}),
                **(publishing.handlers if publishing else {}),
                **self._verifying.handlers,
                **ways.handlers,
            },
            schedules=(
                *self._schedules(jobs),
                *self._noticing.schedules,
                Schedule("post_sweep", timedelta(days=1), posting.sweep),
                Schedule("upload_sweep", timedelta(days=1), uploads.sweep),
                *(peppol.schedules if peppol else ()),
                *ways.schedules,
            ),
            # A slow ledger, store of files, partner who is asked, or mail to people keeps no
            # invoice waiting.
            aside=(PUSH, FETCH, IDENTIFY, POST, *ASIDE),
            concurrency=settings.worker.concurrency,
            lease_s=settings.worker.lease_s,
            poll_s=settings.worker.poll_s,
            collect_every_s=settings.worker.collect_every_s,
            call_limit_s=settings.worker.call_limit_s,
            gate=gate,
            alone=settings.store is None,  # a directory is one process's
        )
        up.push_async_callback(self._end, worker)
        return worker

    def _handlers(self, courier: Courier) -> Mapping[str, Handler]:
        most_bytes = self.settings.retention.export_file_bytes
        return {
            exports.KIND: exports.Dividing(self.store, self.clock, most_bytes),
            PUSH: Pushing(self.store, courier, self.clock),
        }

    def _fetching(self, up: AsyncExitStack, registry: CollectorRegistry) -> Fetching:
        section = self.settings.fetch
        outside = Outside(fetch_rules(section))
        up.push_async_callback(outside.close)
        limits = fetch_limits(section)
        return Fetching(self.store, outside, self.clock, limits=limits, registry=registry)

    def _posting(self, up: AsyncExitStack) -> Posting:
        """Service mail, by the mail server of the e-mail channel where there is one."""
        mail = None
        if self.settings.email is not None:
            mail = ServiceMail(email_settings(self.settings.email))
            up.push_async_callback(mail.close)
        return Posting(self.store, mail, self.clock)

    def _schedules(self, jobs: Jobs) -> Sequence[Schedule]:
        section = self.settings.retention
        nightly = Daily(
            self.store,
            section.days(),
            key_days=section.key_days,
            message_days=section.message_days,
            audit_days=section.audit_days,
        )
        sweeps = between_backups(self.settings.data, Sweeps(self.store.blobs, self.store))
        day, at_two, at_four = timedelta(days=1), timedelta(hours=2), timedelta(hours=4)
        return (
            Schedule("retention", day, nightly.piece, offset=at_two),
            Schedule("blob_sweep", day, sweeps, offset=at_four),
            Schedule("lookup_sweep", timedelta(hours=1), jobs.sweep),
            Schedule("usage", timedelta(minutes=5), Charging(self.store, self.clock).round),
            Schedule("older_terms", timedelta(minutes=5), self._older_terms),
            Schedule("outcomes", timedelta(minutes=5), Sums(self.store).tidy),
        )

    async def _older_terms(self, _: datetime) -> bool:
        return await self.store.name_older(_NAMED_AT_ONCE)

    def _bindery(self, up: AsyncExitStack) -> Bindery:
        """Always processes, also where other work is done in ours: what is in PDFs that others made
        must be cut off when it runs away."""
        processes = press(self.settings.worker.processes or 1)
        up.push_async_callback(processes.close)
        return Bindery(processes)

    def _opening(self, up: AsyncExitStack) -> Workshop:
        processes = unpackers()
        up.push_async_callback(processes.close)
        return processes

    async def _workshop(self, up: AsyncExitStack) -> Workshop:
        number = self.settings.worker.processes
        if number is None:
            processors = len(os.sched_getaffinity(0))
            number = min(processors, _MOST_PROCESSES) if processors > 1 else 0
        if number == 0:
            return HERE
        processes = Processes(
            number,
            limit_s=self.settings.worker.work_limit_s,
            memory_bytes=self.settings.worker.work_memory_bytes,
            begin=warm_up,
        )
        up.push_async_callback(processes.close)
        await processes.start()
        return processes

    async def stop(self) -> None:
        """Takes no new request, lets the work under way write back, and closes the store.

        What takes longer than `worker.drain_s` is cut off, as by a crash: it is taken up again
        after the next start.
        """
        await self._up.aclose()
        log.info("gateway_stopped")

    async def _end(self, worker: Worker) -> None:
        if self._working is None:
            return
        worker.stop()
        done, _ = await asyncio.wait({self._working}, timeout=self.settings.worker.drain_s)
        if not done:
            log.warning("work_cut_off")
            self._working.cancel()
            # Only then may channels and store be closed: what is cut off still lets go of them.
            await asyncio.wait({self._working})

    async def working(self) -> None:
        """Returns when the worker has ended; raises what made it end, if it was an error. A gateway
        without a worker never ends by itself."""
        await (asyncio.shield(self._working) if self._working else asyncio.Future())

    async def __aenter__(self) -> Gateway:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


def scanning_of(settings: Settings, registry: CollectorRegistry) -> Scanning | None:
    """The virus scanner that documents are shown to; None where there is none."""
    section = settings.scan
    if section is None:
        return None
    return Scanning(scanner(section), go_on=section.when_down == "go_on", registry=registry)


def scanner(section: config.Scan) -> Clamd:
    """The scanner by its settings."""
    return Clamd(
        section.address,
        limit_s=section.limit_s,
        max_bytes=section.max_bytes,
        at_once=section.at_once,
    )


async def linking_of(settings: Settings, store: Store) -> Linking | None:
    """How links to documents are made; None where none are."""
    section = settings.links
    if section is None:
        return None
    return Linking(section.url, section.days, await link_secret(store))


def link_pages(settings: Settings, store: Store, clock: Clock, linking: Linking) -> LinkPages:
    """The pages behind them."""
    section = settings.links
    assert section is not None
    return LinkPages(
        *(store, clock, linking.secret),
        per_minute=section.per_minute,
        told_a_day=section.told_a_day,
        proxies=section.proxies,
    )


def guard(section: config.Http, clock: Clock) -> Guard:
    """What holds up who guesses at keys, or asks too often."""
    return Guard(
        clock,
        failures=section.most_failures,
        per_minute=section.requests_per_minute,
        proxies=section.proxies,
    )


def _limits(section: config.Http) -> Limits:
    return Limits(
        body_bytes=section.max_body_bytes,
        idle_body_s=section.idle_body_s,
        long_poll_s=section.long_poll_s,
    )


def fetch_rules(section: config.Fetch) -> Rules:
    """Whom we may ask for attachments."""
    return dataclasses.replace(_rules(section), idle_s=section.idle_s)


def fetch_limits(section: config.Fetch) -> FetchLimits:
    """What is fetched for one document."""
    return FetchLimits(
        file_bytes=section.max_file_bytes,
        total_bytes=section.max_total_bytes,
        give_up=timedelta(seconds=section.give_up_s),
    )


def _rules(section: config.Webhooks | config.Fetch) -> Rules:
    trusted = None
    if section.ca_file is not None:
        trusted = ssl.create_default_context(cafile=str(section.ca_file))
    return Rules(section.allow_http, section.allow_private, section.limit_s, trusted)


def _url(address: Any) -> str:
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
