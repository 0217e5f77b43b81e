"""The steps of a way that are not the journal's: requests, waiting, travelling together. Pure."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_apptivo.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from target_apptivo.apptivo.batch import Batch
    from target_apptivo.apptivo.operation import Operation
    from target_apptivo.apptivo.request import Address, Request
    from target_apptivo.apptivo.verdict import Verdict
    from target_apptivo.journal.steps import Intend


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a request that changes something.

    Attributes:
        verdict: What its answer means: final, or lost.
        may_repeat: Whether attempts are left.
    """

    verdict: Verdict
    may_repeat: bool = True

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows if it was processed."""
        return self.verdict.is_lost


@dataclass(frozen=True, slots=True)
class Send(Step[Sent]):
    """Send a request that changes something.

    What was surely not processed is sent again by whoever carries it out; what may have been
    processed too, if the operation may be repeated.

    Attributes:
        operation: What is sent, and what its answer must show.
        shape: Makes the request; raises RecordRejectedError where it cannot be written.
        is_repeated: Whether it follows a lost answer: then it waits as a retry does.
    """

    operation: Operation
    shape: Callable[[], Request]
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Read(Step["Verdict"]):
    """Read something; what fails is tried again. The body is the verdict's response."""

    operation: Operation
    request: Request


@dataclass(frozen=True, slots=True)
class Wait(Step[None]):
    """Let some seconds go by."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Join(Step["Verdict"]):
    """Travel in one call with other records of the stream; the reply is this record's own part.

    Attributes:
        operation: How the batch is sent.
        batch: How its records are put together.
        address: Where it goes: a record with another one starts the next batch.
        payload: What is sent of the record.
        intend: What the journal has to hold before it is sent, if there is one.
    """

    operation: Operation
    batch: Batch
    address: Address
    payload: Mapping[str, Any]
    intend: Intend | None = None


@dataclass(frozen=True, slots=True)
class Together(Step[None]):
    """Intentions that are held in one go."""

    steps: tuple[Intend, ...]


@dataclass(frozen=True, slots=True)
class Ask(Step[Any]):
    """Ask for something that is found out once a run; None: find it out, and `Tell`.

    Whoever asks meanwhile waits. If a way ends without telling, the next one finds it out.

    Attributes:
        topic: What is asked for.
        is_read: Whether reading alone finds it out, as a rehearsal does too.
    """

    topic: Hashable
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Tell(Step[None]):
    """Tell what was found out."""

    topic: Hashable
    answer: Any


@dataclass(frozen=True, slots=True)
class Halves:
    """How a refused batch ends that is tried in halves: as two ways, sent beside each other.

    Attributes:
        middle: How many of its records go with the first.
        first: Starts the first.
        second: Starts the second.
    """

    middle: int
    first: Callable[[], BatchWay]
    second: Callable[[], BatchWay]


# What is done with a record, step by step, and what became of it; and the same of a batch.
Way = Coroutine[Step[Any], Any, "Verdict"]
BatchWay = Coroutine[Step[Any], Any, "list[Verdict] | Halves"]
