"""The face of the store on PostgreSQL: every operation of the port."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from gateway.audit.chain import Told
from gateway.blobs.blobs import Blobs
from gateway.blobs.files import Files
from gateway.blobs.keys import Keys
from gateway.blobs.port import Address, Place, WrappedKey
from gateway.blobs.ring import Ring
from gateway.lifecycle import Change, State
from gateway.store.cursors import Cursors, new_key
from gateway.store.lanes import LaneState, Limits
from gateway.store.parts import StoredPart, stored
from gateway.store.port import (
    NO_ROOM_NAMED,
    Accepted,
    Again,
    Arrival,
    Attempt,
    Checkpoint,
    Company,
    DeadJob,
    Direction,
    Document,
    Event,
    Job,
    Keep,
    KeyReused,
    Leg,
    NewEvent,
    NewJob,
    NewPart,
    Page,
    Part,
    Reply,
    Role,
    Submission,
)
from gateway.store.postgres import (
    arrivals,
    blobs,
    checkpoints,
    companies,
    company_keys,
    counts,
    dead,
    documents,
    events,
    journeys,
    lanes,
    logos,
    numbering,
    schema,
)
from gateway.store.postgres import jobs as job_rows
from gateway.store.postgres.access import AccessRows
from gateway.store.postgres.accounts import AccountRows
from gateway.store.postgres.claims import Claim, Claims
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.endpoints import EndpointRows
from gateway.store.postgres.entries import EntryRows
from gateway.store.postgres.inbox import InboxRows
from gateway.store.postgres.jobs import Hold, Put
from gateway.store.postgres.keeping import KeepingRows
from gateway.store.postgres.messages import MessageRows
from gateway.store.postgres.news import News
from gateway.store.postgres.overview import OverviewRows
from gateway.store.postgres.people import PeopleRows
from gateway.store.postgres.reads import Reads
from gateway.store.postgres.registrations import RegistrationRows
from gateway.store.postgres.search import SearchRows
from gateway.store.postgres.transactions import Transaction, Transactions
from gateway.store.postgres.usage import UsageRows
from gateway.store.postgres.verifications import VerificationRows
from gateway.store.topics import Topics
from transports.base import File

CONNECTIONS = 12


class PostgresStore(
    AccessRows,
    AccountRows,
    EndpointRows,
    EntryRows,
    InboxRows,
    KeepingRows,
    MessageRows,
    OverviewRows,
    PeopleRows,
    RegistrationRows,
    SearchRows,
    UsageRows,
    VerificationRows,
):
    """Implements `gateway.store.port.Store`; made by `open`, used on the event loop it was made on.

    `open` raises StorageUnavailable, MigrationNeeded and SchemaTooNew.
    """

    def __init__(
        self,
        connections: Connections,
        topics: Topics,
        news: News,
        transactions: Transactions,
        cursors: Cursors,
        place: Place,
        spool: Path,
        ring: Ring | None,
    ) -> None:
        self._connections = connections
        self._reads = Reads(connections)
        self._topics = topics
        self._news = news
        self._transactions = transactions
        self._cursors = cursors
        self._claim = Claims().claim
        self.blobs = Blobs(place, spool, None if ring is None else Keys(ring, self))
        self._closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        data_dir: Path,
        *,
        place: Place | None = None,
        ring: Ring | None = None,
        connections: int = CONNECTIONS,
    ) -> Self:
        """Connects to a database whose tables `budkavle migrate` has made.

        Large blobs go to `place`, None: to files in the data directory, which then all processes
        must share. With a `ring` blobs are sealed.
        """
        pool = await Connections.open(url, connections)
        try:
            async with pool.lent() as connection:
                await schema.check(connection)
                await numbering.go_on(connection)
            topics = Topics()
            news = News(pool.alone, topics)
            transactions = Transactions(pool, news.tell)
            key = await transactions.write(cursor_key, None)
            await news.start()
        except BaseException:
            await pool.close()
            raise
        place = place or Files(data_dir / "blobs")
        return cls(pool, topics, news, transactions, Cursors(key), place, data_dir / "spool", ring)

    async def close(self) -> None:
        """Writes what is queued and disconnects. Once is enough; again does nothing."""
        if self._closed:
            return
        self._closed = True
        await self._transactions.close()
        await self._news.close()
        await self._connections.close()
        self._topics.tell_all()

    async def _stored(
        self, company_id: str, parts: Sequence[NewPart], now: datetime
    ) -> tuple[StoredPart, ...]:
        return await stored(self.blobs, company_id, parts, now)

    # --- taking in, and work ---

    async def accept(self, submission: Submission, now: datetime) -> Accepted | KeyReused:
        """Writes document, parts, key, first event and `prepare` job durably."""
        parts = await self._stored(submission.company_id, submission.parts, now)
        return await self._transactions.write(
            documents.accept, documents.Accept(submission, parts, now)
        )

    async def probe(self) -> None:
        """Writes something that changes nothing: raises StorageUnavailable when that fails."""
        await self._transactions.write(probe, None)

    async def claim(
        self,
        owner: str,
        now: datetime,
        lease_s: float,
        limit: int,
        room: Mapping[str, int] = NO_ROOM_NAMED,
    ) -> Sequence[Job]:
        """Leases due jobs in turn; raises each one's fence."""
        return await self._transactions.write(
            self._claim, Claim(Hold(owner, now, lease_s), limit, room)
        )

    async def put(self, jobs: Sequence[NewJob], now: datetime, *, replace: bool = True) -> None:
        """Puts jobs in line. `replace` False leaves a job alone that has the same key."""
        await self._transactions.write(job_rows.put, Put(jobs, now, replace))

    async def drop(self, keys: Sequence[str]) -> None:
        """Takes jobs away, whoever works on them."""
        await self._transactions.write(job_rows.drop, keys)

    async def dead(self, after: int, limit: int) -> Sequence[DeadJob]:
        """The dead list past the id `after`, in order of the ids (operators only)."""
        return await dead.after(self._connections, after, limit)

    async def revive(self, job_id: int, now: datetime, *, told: Told | None = None) -> bool:
        """Puts a dead job in line again, its tries counted anew."""
        return await self._told(dead.revive, dead.Revive(job_id, now), told)

    async def drop_dead(self, job_id: int, *, told: Told | None = None) -> bool:
        """Takes a dead job away for good."""
        return await self._told(dead.drop, job_id, told)

    async def set_lanes(self, limits: Mapping[str, Limits], now: datetime) -> None:
        """The limits of lanes from now on; what a lane has used up stays so."""
        await self._transactions.write(lanes.set_limits, lanes.SetLimits(limits, now))

    async def pause(self, lane: str, paused: bool, *, told: Told | None = None) -> None:
        """Stops claims from a lane, or lets them go on (operators only)."""
        await self._told(lanes.pause, lanes.Pause(lane, paused), told)

    async def try_lane(self, lane: str, now: datetime, *, told: Told | None = None) -> bool:
        """Lets one job of a lane that rests try now whether the channel answers again."""
        return await self._told(lanes.try_now, lanes.Try(lane, now), told)

    async def paused(self) -> Collection[str]:
        """The lanes that are paused."""
        return await lanes.paused(self._connections)

    async def lanes(self, now: datetime) -> Sequence[LaneState]:
        """Every lane that has limits, a pause, or jobs that are due or leased, by name."""
        return await lanes.states(self._connections, now)

    async def renew(self, jobs: Sequence[Job], now: datetime, lease_s: float) -> None:
        """Prolongs the leases of these jobs, as far as their fence still is the newest."""
        await self._transactions.write(job_rows.renew, job_rows.Renewal(jobs, now, lease_s))

    async def reap(self, now: datetime) -> int:
        """Makes jobs with a lease that ran out claimable again; answers how many."""
        await self._transactions.write(counts.sum_up, None)
        return await self._transactions.write(job_rows.reap, now)

    async def holds(self, job: Job, now: datetime) -> bool:
        """Whether the job's fence still is the newest: asked right before an outside call."""
        return await self._reads.read(job_rows.held, (job.id, job.fence, now))

    async def checkpoint(self, job: Job, work: Checkpoint, now: datetime) -> None:
        """Writes back. Raises LeaseLost, Duplicate, or lifecycle.NotAllowed when the document is
        not in the state that the change starts from."""
        parts = await self._stored(job.company_id, work.parts, now)
        await self._transactions.write(
            checkpoints.checkpoint, checkpoints.Step(job, work, parts, now)
        )

    async def act(
        self,
        company_id: str,
        document_id: str,
        change: Change,
        now: datetime,
        *,
        version: int,
        job: Again | Keep | None,
        events: Sequence[NewEvent],
        legs: Sequence[Leg] = (),
        parts: Sequence[NewPart] = (),
        jobs: Sequence[NewJob] = (),
        told: Told | None = None,
    ) -> bool:
        """A person's verb: changes the state when the version still is `version`, replaces the
        job (None: takes it away), and writes legs, parts and jobs beside it. False when the
        document has moved on meanwhile."""
        held = await self._stored(company_id, parts, now)
        verb = checkpoints.Act(
            *(company_id, document_id, version, change, job, events, now),
            *(held, tuple(legs), tuple(jobs)),
        )
        return await self._told(checkpoints.act, verb, told)

    async def reply(self, reply: Reply, now: datetime, *, told: Told | None = None) -> bool:
        """Accepts a response, and writes to the document that it answers. False when that one is
        not there, or has moved on meanwhile."""
        response = reply.response
        parts = await self._stored(response.company_id, response.parts, now)
        unit = checkpoints.Replying(reply, documents.Accept(response, parts, now))
        return await self._told(checkpoints.reply, unit, told)

    async def report(
        self,
        key: UUID,
        report_id: str,
        work: Checkpoint,
        now: datetime,
        *,
        version: int | None = None,
        told: Told | None = None,
    ) -> bool:
        """A late result for the leg with this key. False when this report was written before;
        MovedOn when the document has another version than the one given."""
        found = await self.leg(key) if work.parts else None
        parts = () if found is None else await self._stored(found[0].company_id, work.parts, now)
        late = checkpoints.LateResult(key, report_id, work, parts, now, version)
        return await self._told(checkpoints.report, late, told)

    async def leg(self, key: UUID) -> tuple[Document, Leg] | None:
        """The document and leg with this idempotency key, for late results."""
        return await journeys.leg_of_key(self._connections, key)

    async def arrive(self, arrival: Arrival, now: datetime) -> str | None:
        """Puts a document into a company's inbox; answers its id, None when it was there."""
        parts = await self._stored(arrival.company_id, arrival.parts, now)
        return await self._transactions.write(arrivals.arrive, arrivals.Arrive(arrival, parts, now))

    # --- reading ---

    async def document(self, company_id: str, document_id: str) -> Document | None:
        """One document."""
        return await self._reads.read(documents.by_id, (company_id, document_id))

    async def documents(
        self,
        company_id: str,
        *,
        direction: Direction | None = None,
        state: State | None = None,
        number: str | None = None,
        code: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page:
        """A page of documents, newest first; `code` is what their code begins with. BadCursor when
        `after` is not a page's `next`."""
        wanted = documents.Filter(company_id, direction, state, number, code)
        return await documents.page(self._connections, wanted, after, limit)

    async def parts(self, company_id: str, document_id: str) -> Sequence[Part]:
        """The parts of a document, in the order they were written."""
        return await self._reads.read(journeys.parts, (company_id, document_id))

    async def files(
        self, company_id: str, document_id: str, roles: Collection[Role]
    ) -> Sequence[tuple[Part, bytes]]:
        """The parts of these roles and their bytes, in the order they were written."""
        asked = company_id, document_id, ",".join(roles)
        found = await self._reads.read(journeys.files, asked)
        return [(part, await self.blobs.get(blob)) for part, blob in found]

    async def content(self, company_id: str, document_id: str, sha256: str) -> bytes | None:
        """The bytes of a part, if the document has such a part."""
        blob = await self._reads.read(blobs.of_parts, (company_id, document_id, sha256))
        return None if blob is None else await self.blobs.get(blob)

    async def stream(
        self, company_id: str, document_id: str, sha256: str
    ) -> AsyncGenerator[bytes, None] | None:
        """The bytes of a part in chunks, if the document has such a part."""
        blob = await self._reads.read(blobs.of_parts, (company_id, document_id, sha256))
        return None if blob is None else self.blobs.stream(blob)

    async def named(self, addresses: Sequence[Address]) -> set[Address]:
        """Those of the addresses of blobs that a row names."""
        return await blobs.named(self._connections, addresses)

    async def company_keys(self, company_id: str | None = None) -> Sequence[WrappedKey]:
        """A company's keys, or all of them (operators only), by id: the newest is the last."""
        return await company_keys.of(self._connections, company_id)

    async def add_company_key(
        self, company_id: str, master: str, wrapped: bytes, now: datetime
    ) -> int:
        """Adds a key and answers its id, which no key ever had or will have."""
        return await self._transactions.write(
            company_keys.add, company_keys.NewKey(company_id, master, wrapped, now)
        )

    async def rewrap_company_key(self, key_id: int, master: str, wrapped: bytes) -> None:
        """Changes how a key is wrapped; nothing happens when it is not there."""
        await self._transactions.write(company_keys.rewrap, (key_id, master, wrapped))

    async def drop_company_keys(self, company_id: str) -> int:
        """Deletes a company's keys and answers how many: what they sealed is unreadable."""
        return await self._transactions.write(company_keys.drop, company_id)

    async def legs(self, company_id: str, document_id: str) -> Sequence[Leg]:
        """The steps tried or to be tried, in order."""
        return await self._reads.read(journeys.legs, (company_id, document_id))

    async def attempts(self, company_id: str, document_id: str) -> Sequence[Attempt]:
        """The attempts, oldest first."""
        return await journeys.attempts(self._connections, company_id, document_id)

    async def feed(
        self, company_id: str, after: str | None, limit: int, document_id: str | None = None
    ) -> Sequence[Event]:
        """Events past the cursor `after`, or from the beginning, in order."""
        return await events.feed(
            self._connections, self._cursors, company_id, after, limit, document_id
        )

    async def kept(self, company_id: str, cursor: str) -> bool:
        """Whether the event with this cursor is still there."""
        return await events.kept(self._connections, self._cursors, company_id, cursor)

    # --- companies ---

    async def add_company(
        self,
        company: Company,
        now: datetime,
        *,
        told: Told | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Adds a company, or changes it: with `before`, only one whose settings are still these.
        Raises Overtaken where they are others by now."""
        await self._told(companies.add, companies.AddCompany(company, now, before), told)

    async def company(self, company_id: str) -> Company | None:
        """One company."""
        return await self._reads.read(companies.by_id, company_id)

    async def companies(self) -> Sequence[Company]:
        """All of them (operators only)."""
        return await companies.every(self._connections)

    async def company_of(self, participant: str) -> Company | None:
        """Whose participant this is, compared without case; None when nobody's here."""
        return await self._reads.read(companies.of_participant, participant)

    async def logo(self, company_id: str) -> File | None:
        """A company's logo, 256 KB at most."""
        return await logos.of(self._connections, company_id)

    async def set_logo(
        self, company_id: str, file: File | None, now: datetime, *, told: Told | None = None
    ) -> None:
        """Stores a company's logo in place of the one there was; None: it has none any more."""
        await self._told(logos.put, logos.SetLogo(company_id, file, now), told)

    # --- news ---

    def wait(self, topic: str, timeout_s: float) -> Awaitable[None]:
        """Awaited, it returns when something was written under the topic since the call, or after
        the time. What other processes write is heard of too, as a rule."""
        return self._topics.wait(topic, timeout_s)

    async def counts(self, now: datetime) -> Mapping[str, Mapping[str, int]]:
        """For metrics: `documents` by state; `jobs`: `due`, `leased`, `oldest_due_s`."""
        return await counts.counts(self._connections, now)


async def probe(transaction: Transaction, units: Sequence[None]) -> list[None]:
    """Writes a row, and takes it away again: durable like any other."""
    await transaction.run("INSERT INTO document_count (state, n) VALUES ('', 0)")
    await transaction.run("DELETE FROM document_count WHERE state = ''")
    return list(units)


async def cursor_key(transaction: Transaction, units: Sequence[None]) -> list[bytes]:
    """The key that cursors are sealed with: made by the first who asks, kept for good."""
    await transaction.run(
        "INSERT INTO secret (name, value) VALUES ('cursors', $1) ON CONFLICT DO NOTHING", new_key()
    )
    ((key,),) = await transaction.fetch("SELECT value FROM secret WHERE name = 'cursors'")
    return [bytes(key) for _ in units]
