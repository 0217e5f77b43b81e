"""One request that leaves the target: who sends it, for which records, and in which run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.response import Response
    from target_apptivo.delivery.pending import PendingWay
    from tests.simulation.messages import Message


@dataclass(slots=True, eq=False)
class Sending:
    """A request.

    Attributes:
        run: The number of the run.
        number: Its number in the run.
        way: The way that sends it.
        messages: The records that it is sent for.
        request: What is sent.
        action: `create`, `update`, `delete` or `send`; empty where nothing is changed.
        sent_at: When it leaves.
        fate: What befalls it.
        answer: What Apptivo answers, once it has done what is asked for.
        is_answered: Whether its answer came, and tells what was done.
        came_to_nothing: Whether its answer came, and proves that nothing was done.
    """

    run: int
    number: int
    way: PendingWay
    messages: tuple[Message, ...]
    request: Request
    action: str
    sent_at: float
    is_answered: bool = False
    came_to_nothing: bool = False
    fate: str = ""
    answer: Response | None = None

    @property
    def is_taken_empty(self) -> bool:
        """Whether an empty answer says that it was done: no id is looked for."""
        lane = self.messages[0].lane
        is_bare = lane.endpoint == "generic" and not (lane.has_ids or lane.has_results)
        return self.action == "delete" or (self.action == "send" and is_bare)
