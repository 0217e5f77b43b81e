"""Send, alone or together, and what a lost answer leads to where nothing is looked for. Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from target_apptivo.apptivo.batch import interpret_results
from target_apptivo.apptivo.request import shape_request
from target_apptivo.apptivo.steps import Halves, Join, Send, Together
from target_apptivo.apptivo.verdict import Outcome, Verdict, doubted

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_apptivo.apptivo.operation import Operation
    from target_apptivo.apptivo.request import Request


async def send(
    operation: Operation,
    shaping: Callable[[], Request],
    *,
    on_uncertain: str,
    is_repeated: bool = False,
) -> Verdict:
    """Send a request; one that creates is sent again after a lost answer only by `on_uncertain`.

    Args:
        operation: What is sent.
        shaping: Makes the request.
        on_uncertain: `resend` or `hold`.
        is_repeated: Whether an answer to its records was lost before.
    """
    sent = await Send(operation, shaping)
    while sent.is_lost and sent.may_repeat and on_uncertain == "resend":
        is_repeated = is_repeated or operation.creates
        sent = await Send(operation, shaping, is_repeated=True)
    return replace(sent.verdict, action=operation.action, possible_duplicate=is_repeated)


async def send_batch(
    joins: tuple[Join, ...], *, on_uncertain: str, is_repeated: bool = False, is_half: bool = False
) -> list[Verdict] | Halves:
    """Send several records in one call; a refused batch may be tried in halves.

    Args:
        joins: Its records; all go to one address.
        on_uncertain: `resend` or `hold`.
        is_repeated: Whether an answer to these records was lost before.
        is_half: Whether they were sent in a larger batch before.
    """
    operation, batch, address = joins[0].operation, joins[0].batch, joins[0].address
    intentions = tuple(join.intend for join in joins if join.intend)
    if intentions and not is_half:
        await Together(intentions)

    def shaping() -> Request:
        return shape_request(operation, address, batch.body([join.payload for join in joins]))

    verdict = await send(operation, shaping, on_uncertain=on_uncertain, is_repeated=is_repeated)
    if verdict.outcome is Outcome.REJECTED and len(joins) > 1 and batch.split_rejected:
        middle, is_doubted = len(joins) // 2, verdict.possible_duplicate
        half = partial(send_batch, on_uncertain=on_uncertain, is_repeated=is_doubted, is_half=True)
        return Halves(middle, partial(half, joins[:middle]), partial(half, joins[middle:]))
    return [doubted(each) for each in interpret_results(operation, batch, verdict, len(joins))]
