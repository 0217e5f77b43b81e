"""What the journal is asked, in groups: questions, intentions and outcomes. Pure.

Intentions run at most twice the limit of requests ahead: then a slow disk costs nothing, and a
crash leaves few in doubt. Outcomes are held whatever happens; the rest not behind the cut of a run,
and what is held there already, and not sent any more, holds up nothing before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.steps import Join, Together
from target_apptivo.delivery.schedule import Queue
from target_apptivo.journal.steps import Forget, Intend, Remember, SetAside, Withdraw

if TYPE_CHECKING:
    from target_apptivo.delivery.pending import PendingWay
    from target_apptivo.journal.steps import Place

_AHEAD_PER_REQUEST = 2
# What is carried out in one transaction: those who wait for it are not to wait long.
_MOST_AT_ONCE = 1_000


class Books:
    """The steps that wait for the journal.

    Attributes:
        under_way: How many are being carried out.
        is_closed: Whether the journal has failed.
        ahead: The ways whose intentions are held, and whose requests are not sent yet.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.under_way = 0
        self.ahead: set[PendingWay] = set()
        self.is_closed = False
        self._outcomes: list[PendingWay] = []
        self._questions = Queue()
        self._intentions = Queue()

    def __len__(self) -> int:
        """How many steps wait."""
        return len(self._outcomes) + len(self._questions) + len(self._intentions)

    def __contains__(self, way: PendingWay) -> bool:
        """Whether a way waits with a question or an intention."""
        return any(each is way for each in (*self._questions, *self._intentions))

    def close(self) -> None:
        """Take nothing more: the journal has failed, and whoever waits for it gets no outcome."""
        self.is_closed = True
        self.under_way = 0
        self._outcomes = []
        self._questions, self._intentions = Queue(), Queue()

    def ask(self, way: PendingWay) -> None:
        """Take a way whose step is the journal's."""
        match way.step:
            case _ if self.is_closed:
                pass
            case Remember() | Withdraw() | SetAside() | Forget():
                way.places = ()
                self._outcomes.append(way)
            case Intend() | Together():
                self._intentions.put(way)
            case _:
                self._questions.put(way)

    def has_work(self, *, cut: float, limit: int) -> bool:
        """Whether there is something to carry out."""
        if self._outcomes or self._questions.has(cut):
            return True
        return self._may_intend(cut, limit)

    @property
    def is_asking(self) -> bool:
        """Whether anybody waits for an answer, or the journal is at work."""
        return self.under_way > 0 or len(self._questions) > 0

    @property
    def has_outcomes(self) -> bool:
        """Whether outcomes are to be held, or anything is being carried out."""
        return bool(self._outcomes or self.under_way)

    def take(self, *, cut: float, limit: int) -> list[PendingWay]:
        """Take what is carried out in one go: outcomes, questions, and intentions up to a limit."""
        taken, self._outcomes = self._outcomes, []
        while self._may_intend(cut, limit):
            way = self._intentions.pop()
            way.places = places_of(way.step)
            self.ahead.add(way)
            taken.append(way)
        while len(taken) < _MOST_AT_ONCE and self._questions.has(cut):
            taken.append(self._questions.pop())
        self.under_way += len(taken)
        return taken

    def _may_intend(self, cut: float, limit: int) -> bool:
        """Whether the next intention may be held."""
        if not self._intentions.has(cut):
            return False
        return sum(way.sequence <= cut for way in self.ahead) < _AHEAD_PER_REQUEST * limit


def places_of(step: object) -> tuple[Place, ...]:
    """Give where the journal will hold what a step intends; that of a batch's member, together."""
    match step:
        case Intend(place=place) | Join(intend=Intend(place=place)):
            return (place,)
        case Together(steps):
            return tuple(each.place for each in steps)
    return ()
