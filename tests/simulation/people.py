"""People, who work in Apptivo beside us."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.drawing_rows import rival_values
from tests.simulation.things import whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.simulation.plan import Act
    from tests.simulation.things import Thing
    from tests.simulation.world import World

PATHS = {
    "create_lead": "v6/leads",
    "create_customer": "v6/customers",
    "create_contact": "v6/contacts",
    "create_case": "v6/cases",
    "delete_customer": "v6/customers",
    "generic": "v6/hooks",
}


class People:
    """What they do before and during one run."""

    def __init__(self, world: World) -> None:
        """Begin."""
        self._world = world
        self._serial = len(world.runs) * 1_000

    def act(self, acts: Iterable[Act]) -> None:
        """Do what is to be done now, and the rest in time."""
        for act in acts:
            if act.at < 0:
                self._do(act)
            else:
                self._world.at(act.at, partial(self._do, act))

    def _do(self, act: Act) -> None:
        """Do one thing."""
        firm = self._world.firm
        if act.kind == "rival":
            lane = next(lane for lane in self._world.plan.setup.lanes if lane.name == act.name)
            firm.save(PATHS[lane.endpoint], rival_values(lane, act.which))
            return
        things = [thing for thing in firm.things.values() if thing.is_there]
        if things:
            self._do_to(things[act.which % len(things)], act)

    def _do_to(self, thing: Thing, act: Act) -> None:
        """Do one thing to an object."""
        firm = self._world.firm
        self._serial += 1
        match act.kind:
            case "delete":
                firm.remove(thing)
            case "double":
                firm.save(thing.path, whole(thing.values))
            case "clear":
                if act.name != "emailAddresses":
                    firm.write(thing, act.name, None)
            case "add":
                entry = {"emailAddress": f"p{self._serial}@x.org", "emailTypeCode": "WORK"}
                firm.write(thing, "emailAddresses", [*self._emails(thing), entry])
            case "edit" if act.name != "emailAddresses":
                is_number = act.name == "potentialAmount"
                firm.write(thing, act.name, self._serial if is_number else f"p{self._serial}")
            case "edit":
                self._edit_email(thing)

    def _edit_email(self, thing: Thing) -> None:
        """Change the last e-mail of an object, which nobody looks for."""
        emails = self._emails(thing)
        if len(emails) > 1:
            emails[-1] = {**emails[-1], "emailAddress": f"p{self._serial}@x.org"}
            self._world.firm.write(thing, "emailAddresses", emails)

    def _emails(self, thing: Thing) -> list[dict[str, object]]:
        """Give the e-mails of an object."""
        return [*(thing.values.get("emailAddresses") or [])]
