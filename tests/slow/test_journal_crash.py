"""A process that is killed: what was answered is there, and nothing is there by half."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import InDoubt, Known, Place, Recall

pytest_plugins = ["tests.postgres"]

RECORDS = 20
# Gives all records a new number, again and again, and says which after each answer.
WRITER = f"""
import itertools, sys
from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import Intend, Place, Remember
places = [Place("create_lead", "leads", f'["{{n}}"]') for n in range({RECORDS})]
journal = Journal.open(sys.argv[1], account="account")
for number in itertools.count(int(sys.argv[2])):
    content = {{"number": str(number)}}
    journal.carry_out([Intend(place=place, action="update", content=content) for place in places])
    print("intended", number, flush=True)
    journal.carry_out(
        [
            Remember(place=place, apptivo_id=str(number), matches=(str(number),), is_created=True)
            for place in places
        ]
    )
    print("remembered", number, flush=True)
"""


def killed(url: str, first: int, seconds: float) -> tuple[str, int]:
    """Let a process write, kill it so long after its first answer, and give its last one."""
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", WRITER, url, str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as writer:
        assert writer.stdout is not None
        answered = [writer.stdout.readline()]
        time.sleep(seconds)
        writer.kill()
        # The last line may be cut off.
        answered += [line for line in writer.stdout if line.endswith("\n")]
    kind, number = answered[-1].split()
    return kind, int(number)


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
