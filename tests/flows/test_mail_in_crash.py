"""The process dies at every write while it reads the mailbox: each mail is one document, and one
answer, and none is lost."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest

from gateway.lifecycle import State
from gateway.store.port import Direction
from tests.contracts.case import pdf
from tests.flows.death import Death, Died, Mortal
from tests.flows.test_mail_in import INVOICE, MINUTE, Mails, invoice, mail, mails

__all__ = ["mails"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_each_mail_is_one_document_and_one_answer(mails: Mails, after: bool) -> None:
    told = got = came = 0
    for n in count(1):
        number = f"F-{n}"
        wrong = mail(("x.json", b'{"invoice": {}}'), id=f"<wrong{n}@x>")
        paper = mail(("in.pdf", pdf()), to=INVOICE, results="", id=f"<in{n}@x>")
        for content in (mail(invoice(number), id=f"<{n}@x>"), wrong, paper):
            mails.server.inbox.add(content)
        death = Death(n, after=after)
        store: object = Mortal(mails.house.store, death)
        worker = mails.worker(store)  # type: ignore[arg-type]
        try:
            for _ in range(3):
                mails.house.clock.move(MINUTE)
                await worker.run_due()
        except Died:
            pass
        for by in (timedelta(seconds=31), MINUTE, MINUTE):  # the lease, then as always
            await mails.house.later(by)
        documents = await mails.documents()
        mine = [one for one in documents if one.head.number == number]
        assert len(mine) == 1 and mine[0].state in (State.SENT, State.HELD), (n, mine)
        incoming = await mails.documents(direction=Direction.IN)
        assert len(incoming) - came == 1, n
        assert mails.lie()["INBOX"] == 0
        # A person who reads the same answer twice is not harmed; it is the same mail by its id.
        assert len({note.id for note in mails.hands.notes}) - told == 2, n
        told, came = len({note.id for note in mails.hands.notes}), len(incoming)
        got += 1
        if not death.dead:
            break
    assert got > 8
