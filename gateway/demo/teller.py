"""Tells the stories: hands in, follows, fetches, reads the feed, and compares with the foretold.

Everything happens over HTTP with API keys, as ledgers do it, and every outcome told was read back
from the gateway or from the partners on the other side. Nothing real is waited for: when all that
is left is waiting, the sandbox's clock is put forward.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from gateway.client import SETTLED, Client, Problem, attached
from gateway.demo.stories import EXAMPLES, STORIES, Story
from gateway.sandbox import RECEIVER, Sandbox
from schemas.identifiers import Participant

# The sandbox's print house has posted a letter by then, and got back one that returns.
PARTNERS_TAKE = timedelta(seconds=5)

# After so many looks at nothing, of two seconds each, nothing more is going to happen.
QUIET_LOOKS = 10

# What Peppol leaves behind for an invoice that arrives and is answered.
PROOFS = frozenset({"sml", "smp", "request", "answer", "status", "response"})


@dataclass(frozen=True, slots=True)
class Told:
    """A story under way: its document and attempts as they were last read."""

    story: Story
    id: str
    document: Mapping[str, Any]
    attempts: Sequence[Mapping[str, Any]] = ()

    @property
    def number(self) -> str:
        """The invoice number, once the gateway has read it."""
        return self.document["head"]["number"] or ""

    @property
    def state(self) -> str:
        """Where it is."""
        state: str = self.document["state"]
        return state

    @property
    def business(self) -> str:
        """What its buyer says of it."""
        business: str = self.document["business"]
        return business

    @property
    def plan(self) -> str:
        """The channels in line, in their order."""
        steps = (self.document["plan"] or {"steps": ()})["steps"]
        return " > ".join(step["channel"] for step in steps if step["included"])

    @property
    def ended(self) -> bool:
        """Whether it is where it was foretold to end, or where nothing brings it there any more."""
        there = self.state == self.story.ends and self.business == self.story.business
        return there or self.state in SETTLED - {"sent", "delivered"}

    @property
    def moves(self) -> bool:
        """Whether something happens to it without the clock being put forward: the access point of
        a Peppol recipient says by itself what became of it."""
        if self.state in ("sent", "delivered") and self.document["channel"] == "peppol":
            return not self.ended
        return self.state not in SETTLED and not self.document["next_at"]

    @property
    def fatal(self) -> Sequence[Mapping[str, Any]]:
        """The findings that stop it."""
        return [found for found in self.document["findings"] if found["severity"] == "fatal"]

    @property
    def sentence(self) -> str:
        """What became of it."""
        before = "".join(f"{tried['channel']}: {tried['text']} " for tried in self.attempts[:-1])
        return f"{self.number} is {self.state}. {before}{self.document['text']}"

    def differences(self) -> Iterator[str]:
        """How it ended other than foretold."""
        if self.state != self.story.ends:
            yield f"it is {self.state} and not {self.story.ends}"
        if self.business != self.story.business:
            yield f"its buyer says {self.business} and not {self.story.business}"
        tried = tuple(f"{attempt['channel']} {attempt['outcome']}" for attempt in self.attempts)
        if tried != self.story.tried:
            yield f"tried were {tried} and not {self.story.tried}"
        broken = tuple(sorted({found["rule"] for found in self.fatal}))
        if broken != self.story.breaks:
            yield f"it breaks {broken} and not {self.story.breaks}"


class Show(Protocol):
    """Where the demo is told."""

    def say(self, sentence: str) -> None:
        """Tells something."""
        ...

    def verdict(self, well: bool, sentence: str) -> None:
        """Tells an outcome, and whether it is as foretold."""
        ...

    def table(self, told: Sequence[Told]) -> None:
        """Shows all documents as they are now."""
        ...


class Teller:
    """Tells stories once; `clients` has a client for each seed's key.

    The first story is handed in again. Documents that have not ended after `limit_s` are told as
    they are then.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        clients: Mapping[str, Client],
        show: Show,
        *,
        limit_s: float,
        stories: Sequence[Story] = STORIES,
    ) -> None:
        self._sandbox = sandbox
        self._clients = clients
        self._stories = stories
        self._customer = clients[RECEIVER.key]
        self._show = show
        self._limit_s = limit_s
        self._changed = asyncio.Event()
        self._told: list[Told] = []
        self._as_foretold = True
        self._partners_had_time = False

    async def tell(self) -> bool:
        """Tells all; answers whether everything ended as foretold."""
        for story in self._stories:
            await self._hand_in(story)
        await self._hand_in_again()
        await self._follow()
        await self._fetch()
        self._look_outside()
        await self._read_feeds()
        await self._open_the_evidence()
        await self._respond()
        self._show.say("What became of each:")
        for told in self._told:
            self._tell_outcome(told)
        self._tell_sums()
        return self._as_foretold

    def _verdict(self, well: bool, sentence: str) -> None:
        self._as_foretold &= well
        self._show.verdict(well, sentence)

    def _tell_sums(self) -> None:
        """How many each channel has, by state; they add up to all that were handed in."""
        sums = Counter((told.document["channel"] or "none", told.state) for told in self._told)
        self._show.say("By channel:")
        for (channel, state), number in sorted(sums.items()):
            self._show.say(f"    {channel:<12} {state:<10} {number:>3}")
        self._verdict(
            sums.total() == len(self._stories),
            f"These are {sums.total()} documents of {len(self._stories)} that were handed in.",
        )

    # --- handing in -------------------------------------------------------------------------------

    async def _hand_in(self, story: Story) -> None:
        ledger = self._clients[story.sender.key]
        accepted = await ledger.submit(
            story.content,
            attachments=[attached(EXAMPLES / name) for name in story.attach],
            idempotency_key=_key(story),
        )
        self._told.append(Told(story, accepted.id, await ledger.document(accepted.id)))
        self._show.table(self._told)

    async def _hand_in_again(self) -> None:
        """The same request twice is one document; another under the same key is refused."""
        story = self._stories[0]
        ledger = self._clients[story.sender.key]
        again = await ledger.submit(story.content, idempotency_key=_key(story))
        self._verdict(
            again.replayed and again.id == self._told[0].id,
            f"{story.file} again with its Idempotency-Key: the same {again.id} as before.",
        )
        try:
            await ledger.submit(story.content + b"\n", idempotency_key=_key(story))
        except Problem as problem:
            reused = problem.status == 422 and problem.type == "/problems/idempotency-key-reused"
            self._verdict(reused, f"Another body with that Idempotency-Key: {problem}")
        else:
            self._verdict(False, "Another body with that Idempotency-Key was accepted.")

    # --- following --------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Reads on until every document has ended; puts the clock forward when all of them wait."""
        followers = [asyncio.create_task(self._follow_feed(key)) for key in self._senders()]
        try:
            async with asyncio.timeout(self._limit_s):
                quiet = 0
                while quiet < QUIET_LOOKS and not all(told.ended for told in self._told):
                    if any(told.moves for told in self._told) and await self._changes():
                        continue
                    waited = self._put_clock_forward()
                    quiet = 0 if await self._changes() or waited else quiet + 1
        except TimeoutError:
            self._verdict(False, f"Not everything had ended after {self._limit_s:g} seconds.")
        finally:
            for follower in followers:
                follower.cancel()
            await asyncio.gather(*followers, return_exceptions=True)

    async def _changes(self) -> bool:
        """Whether anything happens before long."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), 2)
        except TimeoutError:
            return False
        return True

    async def _follow_feed(self, key: str) -> None:
        cursor: str | None = None
        while True:
            page = await self._clients[key].get("/v1/events", after=cursor, wait=10)
            cursor = page["next"]
            for moved in {event["document_id"] for event in page["events"]}:
                await self._read(moved)
            if page["events"]:
                self._changed.set()

    def _senders(self) -> Sequence[str]:
        return sorted({story.sender.key for story in self._stories})

    def _of(self, key: str) -> Sequence[Told]:
        return [told for told in self._told if told.story.sender.key == key]

    async def _read(self, document_id: str) -> None:
        place = next(n for n, told in enumerate(self._told) if told.id == document_id)
        told = self._told[place]
        ledger = self._clients[told.story.sender.key]
        timeline = await ledger.get(f"/v1/documents/{told.id}/timeline")
        document = await ledger.document(told.id)
        self._told[place] = replace(told, document=document, attempts=timeline["attempts"])
        self._show.table(self._told)

    def _put_clock_forward(self) -> bool:
        """To when the next document goes on by itself, or to when the partners have done theirs;
        whether anything was to be waited for."""
        now = self._sandbox.clock.now()
        times = [
            (datetime.fromisoformat(told.document["next_at"]), told.number)
            for told in self._told
            if told.document["next_at"]
        ]
        if not times and self._partners_had_time:
            return False
        self._partners_had_time |= not times
        until, who = min(times, default=(now + PARTNERS_TAKE, "the print house"))
        self._sandbox.put_forward(max(until - now, timedelta(seconds=1)))
        self._show.say(f"The clock is put forward to {until:%H:%M:%S}, for {who}.")
        return True

    # --- the other side ---------------------------------------------------------------------------

    async def _fetch(self) -> None:
        """The receiver polls its inbox, compares what came with what was sent, and confirms."""
        expected = {
            told.number: told for told in self._told if told.document["channel"] == "internal"
        }
        came = Counter[str]()
        for document in await self._customer.inbox():
            number = str(document["head"]["number"])
            came[number] += 1
            here = await self._customer.get_bytes(document["links"]["content"])
            await self._customer.confirm(document["id"])
            told = expected[number]
            there = await self._clients[told.story.sender.key].get_bytes(
                f"/v1/documents/{told.id}/content", part="document"
            )
            self._verdict(
                here == there,
                f"{number} was fetched from the inbox by {RECEIVER.company.name}, "
                f"{len(here):,} bytes as they were sent, and confirmed.",
            )
        left = await self._customer.inbox()
        self._verdict(
            came == Counter(expected.keys()) and not left,
            f"The inbox held {came.total()} documents, none twice; {len(left)} after confirming.",
        )

    def _look_outside(self) -> None:
        """What the mail server and the print house took, once each, is what the attempts say."""
        received = self._sandbox.received()
        mails, letters = received["emails"], received["letters"]
        as_said = True
        for told in self._told:
            sent = Counter(t["channel"] for t in told.attempts if t["outcome"] == "sent")
            mailed = sum(told.number in mail["subject"].split() for mail in mails)
            posted = sum(told.number == letter["reference"] for letter in letters)
            as_said &= (mailed, posted) == (sent["email"], sent["letter"])
        self._verdict(
            as_said,
            f"The mail server took {len(mails)} messages and the print house {len(letters)} "
            "letters: those the documents tell of, each once.",
        )

    async def _open_the_evidence(self) -> None:
        """Every byte that went over Peppol is where the timeline says, with its hash."""
        answered = [told for told in self._told if told.business != "none"]
        for told in answered:
            ledger = self._clients[told.story.sender.key]
            timeline = await ledger.get(f"/v1/documents/{told.id}/timeline")
            files = [file for one in timeline["attempts"] for file in one["files"]]
            files += timeline["files"]
            contents = [await ledger.get_bytes(file["href"]) for file in files]
            whole = [hashlib.sha256(content).hexdigest() for content in contents]
            names = [file["name"] for file in files]
            self._verdict(
                whole == [file["sha256"] for file in files] and set(names) >= PROOFS,
                f"{told.number} has its proofs, each read by its link: {', '.join(names)}.",
            )

    async def _respond(self) -> None:
        """An invoice comes in over Peppol, is accepted, and its sender has the answer."""
        number = await self._sandbox.bill(Participant.parse(RECEIVER.company.participants[0]))
        (arrived,) = await self._customer.inbox()
        said = await self._customer.respond(arrived["id"], "AP")
        await self._customer.confirm(arrived["id"])
        carrier = await self._customer.settled(said["id"])
        heard = [one for one in self._sandbox.received()["responses"] if one["about"] == number]
        self._verdict(
            len(heard) == 1 and heard[0]["status"] == "AP",
            f"{number} came in over Peppol and was accepted; the answer to it is "
            f"{carrier['state']}: {carrier['text']}",
        )

    async def _read_feeds(self) -> None:
        """Each sender's whole feed, from the beginning: its documents' events, none twice."""
        for key in self._senders():
            events = [event async for event in self._clients[key].events()]
            ids = {event["id"] for event in events}
            known = {event["document_id"] for event in events}
            self._verdict(
                len(ids) == len(events) and known == {told.id for told in self._of(key)},
                f"The event feed of {self._of(key)[0].story.sender.company.name} has "
                f"{len(events)} events on {len(known)} documents, none twice.",
            )

    # --- the end ----------------------------------------------------------------------------------

    def _tell_outcome(self, told: Told) -> None:
        differences = "; ".join(told.differences())
        self._verdict(not differences, f"{told.sentence}{differences and f' BUT {differences}.'}")
        for found in told.fatal:
            values = [f"{name} {found[name]}" for name in ("stated", "computed") if found.get(name)]
            said = f" ({', '.join(values)})" if values else ""
            self._show.say(f"    {found['rule']} at {found['where']}: {found['text']}{said}")
            self._show.say(f"        {found['hint']}")


def _key(story: Story) -> str:
    return f"demo-{hashlib.sha256(story.title.encode()).hexdigest()[:12]}"
