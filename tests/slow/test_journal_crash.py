"""A process that is killed: what was answered is there, and nothing is there by half."""

from __future__ import annotations

import itertools
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import InDoubt, Intend, Known, Place, Recall, Remember
from tests import forked

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

pytest_plugins = ["tests.postgres"]

RECORDS = 20


def write(url: str, first: int, answered: Connection) -> None:
    """Give all records a new number, again and again, and say which after each answer."""
    places = [Place("create_lead", "leads", f'["{n}"]') for n in range(RECORDS)]
    journal = Journal.open(url, account="account")
    for number in itertools.count(first):
        content = {"number": str(number)}
        journal.carry_out(
            [Intend(place=place, action="update", content=content) for place in places]
        )
        answered.send(("intended", number))
        matches = (str(number),)
        journal.carry_out(
            [
                Remember(place=place, apptivo_id=str(number), matches=matches, is_created=True)
                for place in places
            ]
        )
        answered.send(("remembered", number))


def killed(url: str, first: int, seconds: float) -> tuple[str, int]:
    """Let a process write, kill it so long after its first answer, and give its last one."""
    ours, its = forked.CONTEXT.Pipe(duplex=False)
    writer = forked.CONTEXT.Process(target=write, args=(url, first, its))
    writer.start()
    its.close()
    with ours:
        last: tuple[str, int] = ours.recv()
        time.sleep(seconds)
        writer.kill()
        # Until there is no more, or only a part.
        with suppress(EOFError, OSError):
            while True:
                last = ours.recv()
    writer.join()
    return last


def progress(reply: Known | InDoubt) -> tuple[int, str]:
    """Tell how far a record is."""
    if isinstance(reply, InDoubt):
        return int(reply.intended["number"]), "intended"
    return int(reply.apptivo_id or 0), "remembered"


def test_what_was_answered_outlives_the_process(database_url: str) -> None:
    """However it is killed; and the next one need not wait for the dead."""
    Journal.make(database_url, "account")
    dice, number = random.Random(1), 1  # noqa: S311
    for _ in range(6):
        kind, number = killed(database_url, number, dice.random() * 0.1)
        places = [Place("create_lead", "leads", f'["{n}"]') for n in range(RECORDS)]
        with Journal.open(database_url, account="account") as journal:
            replies = journal.carry_out([Recall(place) for place in places])
        found = {progress(reply) for reply in replies}
        assert len(found) == 1, "a group is there whole or not at all"
        assert found.pop() >= (number, kind)
        number += 2
