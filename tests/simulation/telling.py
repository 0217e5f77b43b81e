"""Tell the course of a seed: its settings, and what happened, compactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.things import flat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.course import Result
    from tests.simulation.messages import Message
    from tests.simulation.plan import Plan
    from tests.simulation.run import Run
    from tests.simulation.sending import Sending
    from tests.simulation.world import World

_WIDTH = 240


def told(plan: Plan, result: Result) -> str:
    """Tell a course."""
    lines = [*_settings(plan)]
    for run in result.world.runs:
        lines += _run(run)
    lines += _world(result.world)
    lines += [f"WRONG: {what}" for what in result.broken]
    return "\n".join(line[:_WIDTH] for line in lines)


def _settings(plan: Plan) -> Iterator[str]:
    """Tell the settings and habits."""
    yield f"seed {plan.seed}"
    yield _plain({**_fields(plan.setup), "lanes": len(plan.setup.lanes)})
    for lane in plan.setup.lanes:
        yield f"  stream {_plain(_fields(lane))}"
    yield f"Apptivo {_plain(_fields(plan.habits))}"


def _run(run: Run) -> Iterator[str]:
    """Tell a run."""
    plan, end = run.plan, "crashed" if run.has_crashed else run.failure or "ended well"
    yield f"== run {run.number}: reads {plan.reads}, {plan.ending} at {plan.ends_at}: {end}"
    for act in plan.acts:
        yield f"   people: {_plain(_fields(act))}"
    events = [*_messages(run), *_sendings(run)]
    for at, line in sorted(events, key=lambda event: event[0]):
        yield f"  {at - run.started_at:9.3f} {line}"
    yield f"   states {run.states}"


def _messages(run: Run) -> Iterator[tuple[float, str]]:
    """Tell what was read, and what became of it."""
    for message in run.messages:
        said = "deleted" if message.is_deleted else _plain(flat(message.row))
        yield message.read_at, f"read   #{message.position} {message.key} {said}"
        if message.verdict and message.ended_at is not None:
            yield message.ended_at, f"ended  #{message.position} {_verdict(message)}"


def _verdict(message: Message) -> str:
    """Tell an outcome."""
    verdict = message.verdict
    assert verdict
    names = ("reason", "apptivo_id", "matched_by", "resolution", "changed", "conflicts")
    told = {name: getattr(verdict, name) for name in names if getattr(verdict, name)}
    settled = "" if message.is_settled else " (not settled)"
    return f"{verdict.outcome.value} {_plain(told)}{settled}"


def _sendings(run: Run) -> Iterator[tuple[float, str]]:
    """Tell what was sent, and what befell it."""
    for sending in run.sendings:
        numbers = [message.position for message in sending.messages]
        asked = sending.action or "read"
        line = f"  send #{sending.number} {asked} for {numbers}: {sending.fate}; {_asked(sending)}"
        yield sending.sent_at, line


def _asked(sending: Sending) -> str:
    """Tell what is asked for."""
    form = dict(sending.request.form or ())
    names = ("a", "searchData", "attributeName", "attributeNames")
    told = {name: form[name] for name in names if name in form}
    answer = sending.answer.body[:80] if sending.answer else b"-"
    return f"{_plain(told) or sending.request.url} -> {answer!r}"


def _world(world: World) -> Iterator[str]:
    """Tell what there is in the end."""
    for thing in world.firm.things.values():
        stamps = {
            name: f"{value} ({thing.stamps[name].who})" for name, value in thing.values.items()
        }
        gone = f" deleted by {thing.gone_by}" if thing.gone_by else ""
        yield f"  object {thing.number} of {[*thing.owners.values()]}{gone}: {_plain(stamps)}"
    for place, memory in world.disk.held.items():
        doubt = f" in doubt: {memory.intention.action}" if memory.intention else ""
        yield f"  journal {place.stream} {place.key}: {memory.apptivo_id}{doubt}"


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any plain value
    """Give the fields of a value that are not as a rule."""
    return {
        name: getattr(value, name)
        for name in value.__dataclass_fields__
        if getattr(value, name) not in (None, (), False, 0) and name != "lanes"
    }


def _plain(values: dict[str, Any]) -> str:
    """Write names and values."""
    return " ".join(f"{name}={value}" for name, value in values.items())
