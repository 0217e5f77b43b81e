"""Which task is sent next: for any mix of tasks, waits and completions."""

from __future__ import annotations

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from target_apptivo.apptivo.request import Address, Content, Operation
from target_apptivo.apptivo.template import Template
from target_apptivo.delivery.record import Entry, Task
from target_apptivo.delivery.schedule import Schedule

CALL = Operation(
    endpoint="generic", method="POST", url=Template.parse("v6/x"), content=Content.JSON
)
IDENTITIES = st.sampled_from([None, "a", "b", "c"])


def new_task(identity: str | None, sequence: int) -> Task:
    """Make a task of one record."""
    entry = Entry("s", "generic", {}, {}, identity=identity, sequence=sequence)
    return Task(CALL, Address("v6/x", ()), [entry], [{}])


def submit(schedule: Schedule, task: Task, until: float | None = None) -> Task:
    """Take a task the way the delivery does."""
    schedule.line_up(task, task.entries[0])
    if until is not None:
        schedule.hold_open(task, until)
    schedule.offer(task)
    return task


class Mixed(RuleBasedStateMachine):
    """A schedule beside a model of it: lists, looked through from the start."""

    def __init__(self) -> None:
        """Start empty, at time 0."""
        super().__init__()
        self.schedule = Schedule()
        self.now = 0.0
        self.sequence = 0
        self.unsettled: list[Entry] = []  # in input order
        self.waiting: dict[Task, float] = {}  # tasks and the time that they wait for
        self.tasks: list[Task] = []  # not under way and not done
        self.under_way: list[Task] = []
        self.batch: Task | None = None

    def is_first(self, entry: Entry) -> bool:
        """Whether no earlier record of the same identity is without its outcome."""
        same = [each for each in self.unsettled if each.identity == entry.identity]
        return entry.identity is None or same[0] is entry

    def ready(self) -> list[Task]:
        """Give the tasks that may be sent now, the earliest first."""
        free = [task for task in self.tasks if all(map(self.is_first, task.entries))]
        return sorted(
            (task for task in free if task not in self.waiting), key=lambda task: task.sequence
        )

    def take(self, identity: str | None, until: float | None) -> Task:
        """Take a new task."""
        task = new_task(identity, self.sequence)
        self.sequence += 1
        self.unsettled += task.entries
        self.tasks.append(task)
        if until is not None:
            self.waiting[task] = until
        return submit(self.schedule, task, until)

    @rule(identity=IDENTITIES)
    def submit_one(self, identity: str | None) -> None:
        """A record of its own."""
        self.take(identity, None)

    @rule(identity=IDENTITIES, wait=st.integers(1, 3))
    def start_batch(self, identity: str | None, wait: int) -> None:
        """A record that starts a batch; the open one is released first."""
        if self.batch:
            self.release()
        self.batch = self.take(identity, self.now + wait)

    @precondition(lambda self: self.batch)
    @rule(identity=IDENTITIES)
    def join_batch(self, identity: str | None) -> None:
        """A record that joins the open batch, unless its identity is in it."""
        assert self.batch
        twin = identity is not None and identity in {each.identity for each in self.batch.entries}
        assert self.schedule.is_open(self.batch) == (self.batch in self.waiting)
        if twin or not self.schedule.is_open(self.batch):
            return
        entry = Entry("s", "generic", {}, {}, identity=identity, sequence=self.sequence)
        self.sequence += 1
        self.batch.entries.append(entry)
        self.batch.payloads.append({})
        self.unsettled.append(entry)
        self.schedule.line_up(self.batch, entry)

    @precondition(lambda self: self.batch)
    @rule()
    def release(self) -> None:
        """The batch is full; one whose time has come, or that was sent, stays as it is."""
        assert self.batch
        if self.schedule.is_open(self.batch):
            del self.waiting[self.batch]
        self.schedule.release(self.batch)
        assert not self.schedule.is_open(self.batch)
        self.batch = None

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        """Time goes by."""
        self.now += seconds

    @rule()
    def send(self) -> None:
        """A worker takes the earliest task that may be sent, if there is one."""
        self.schedule.promote(self.now)
        self.waiting = {task: until for task, until in self.waiting.items() if until > self.now}
        ready = self.ready()
        assert self.schedule.has_ready(math.inf) == bool(ready)
        assert self.schedule.has_ready(-1) is False
        if self.waiting:
            assert self.schedule.due is not None
            assert self.schedule.due <= min(self.waiting.values())
        if ready:
            assert self.schedule.has_ready(ready[0].sequence)
            assert not self.schedule.has_ready(ready[0].sequence - 1)
            task = self.schedule.pop()
            assert task is ready[0]
            self.tasks.remove(task)
            self.under_way.append(task)
            sent = [each.identity for one in self.under_way for each in one.entries]
            keyed = [identity for identity in sent if identity is not None]
            assert len(keyed) == len(set(keyed))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """The records of a task under way get their outcomes."""
        task = data.draw(st.sampled_from(self.under_way))
        self.under_way.remove(task)
        for entry in task.entries:
            self.unsettled.remove(entry)
            self.schedule.free(entry)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), wait=st.integers(1, 4))
    def try_again_later(self, data: st.DataObject, wait: int) -> None:
        """A task under way is put back; its records keep their turn."""
        task = data.draw(st.sampled_from(self.under_way))
        self.under_way.remove(task)
        self.tasks.append(task)
        self.waiting[task] = self.now + wait
        self.schedule.postpone(task, self.now + wait)

    @precondition(lambda self: any(len(task.entries) > 1 for task in self.under_way))
    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        """A refused batch is tried in halves, which take its place."""
        batches = [task for task in self.under_way if len(task.entries) > 1]
        task = data.draw(st.sampled_from(batches))
        halves = task.halves()
        self.under_way.remove(task)
        self.tasks += halves
        self.schedule.replace(halves)

    def teardown(self) -> None:
        """Whatever happened, everything taken is sent in the end."""
        self.schedule.release_all()
        self.waiting = {task: until for task, until in self.waiting.items() if not task.is_released}
        while self.unsettled:
            for task in self.under_way:
                for entry in task.entries:
                    self.unsettled.remove(entry)
                    self.schedule.free(entry)
            self.under_way.clear()
            if self.unsettled:
                self.send()
                if not self.under_way:
                    assert self.waiting, "records are lost"
                    self.now = min(self.waiting.values())
        assert not self.tasks
        assert not self.schedule.has_ready(math.inf)


def test_any_mix_of_tasks_and_completions() -> None:
    """Equal identities go in input order, one at a time; the earliest is first; none is lost."""
    run_state_machine_as_test(
        Mixed,
        settings=settings(
            derandomize=True, deadline=None, max_examples=150, stateful_step_count=40
        ),
    )


def test_a_batch_that_was_let_go_early_waits_for_its_retry() -> None:
    """The time until which it was open is no reason to send it again before its wait is over."""
    schedule = Schedule()
    task = submit(schedule, new_task("a", 0), until=5)
    schedule.release(task)
    assert schedule.pop() is task
    schedule.postpone(task, 60)
    schedule.promote(59)
    assert not schedule.has_ready(math.inf)
    schedule.promote(60)
    assert schedule.pop() is task
    assert not schedule.has_ready(math.inf)


def test_records_without_an_identity_wait_for_nobody() -> None:
    """A stream without key properties has no order to keep."""
    schedule = Schedule()
    tasks = [submit(schedule, new_task(None, sequence)) for sequence in range(3)]
    assert [schedule.pop() for _ in tasks] == tasks


def test_a_later_record_waits_for_the_outcome_of_the_earlier() -> None:
    """Being sent is not enough: a retry of the first must not come after the second."""
    schedule = Schedule()
    first, second, other = (
        submit(schedule, new_task(identity, sequence)) for sequence, identity in enumerate("aab")
    )
    assert schedule.pop() is first
    assert schedule.pop() is other
    assert not schedule.has_ready(math.inf)
    schedule.postpone(first, 10)
    schedule.promote(5)
    assert not schedule.has_ready(math.inf)
    schedule.promote(10)
    assert schedule.pop() is first
    schedule.free(first.entries[0])
    assert schedule.pop() is second


def test_a_batch_waits_for_each_of_its_records() -> None:
    """An open batch takes records that wait for others, and goes when the last is free."""
    schedule = Schedule()
    ahead = [submit(schedule, new_task(identity, n)) for n, identity in enumerate("ab")]
    batch = submit(schedule, new_task("a", 2), until=5)
    joined = Entry("s", "generic", {}, {}, identity="b", sequence=3)
    batch.entries.append(joined)
    schedule.line_up(batch, joined)
    assert [schedule.pop(), schedule.pop()] == ahead
    schedule.promote(5)
    assert not schedule.is_open(batch)
    schedule.free(ahead[1].entries[0])
    assert not schedule.has_ready(math.inf)
    schedule.free(ahead[0].entries[0])
    assert schedule.pop() is batch


def test_halves_keep_the_turn_of_their_records() -> None:
    """What waited for a batch waits for the half that has its record."""
    schedule = Schedule()
    batch = submit(schedule, new_task("a", 0), until=5)
    joined = Entry("s", "generic", {}, {}, identity="b", sequence=1)
    batch.entries.append(joined)
    batch.payloads.append({})
    schedule.line_up(batch, joined)
    behind = [submit(schedule, new_task(identity, n)) for n, identity in enumerate("ba", start=2)]
    schedule.release_all()
    assert schedule.pop() is batch
    halves = batch.halves()
    schedule.replace(halves)
    assert [schedule.pop(), schedule.pop()] == halves
    assert not schedule.has_ready(math.inf)
    schedule.free(halves[1].entries[0])
    assert schedule.pop() is behind[0]
    schedule.free(halves[0].entries[0])
    assert schedule.pop() is behind[1]


def test_full_batches_are_not_kept_until_their_time() -> None:
    """A batch that was released early leaves the schedule, and its records the memory."""
    planned = Schedule()
    for number in range(100):
        task = submit(planned, new_task(None, number), until=5)
        planned.release(task)
        assert planned.pop() is task
    assert planned.due is None
