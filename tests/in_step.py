"""Whole runs with a journal against a sandbox, seen from outside: what was sent, what became of it.

Its fixtures are in `tests/in_step_runs.py`. A source's rows have the key `nr`, which is
sent like any attribute, so that whoever looks into the sandbox knows which row a record came from.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from target_apptivo.sandbox import Sandbox
    from target_apptivo.sandbox.exchange import Received
    from tests.conftest import Finished, Message, RunTarget

Row = dict[str, Any]

_WRITES = {"save", "update", "delete", "batch"}
_IDS = {
    "leads": "leadId",
    "customers": "customerId",
    "contacts": "contactId",
    "cases": "caseId",
    "opportunities": "opportunityId",
}
_DATA = {app: f"{name.removesuffix('Id')}Data" for app, name in _IDS.items()}


def table(stream: str, *rows: Row, key: Sequence[str] = ("nr",), bookmark: object = 1) -> list[Any]:
    """Give what a tap says that reads a table: its schema, its rows, where it is now."""
    schema = {
        "type": "object",
        "properties": {name: {} for name in key},
        "additionalProperties": True,
    }
    head = {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)}
    records = [{"type": "RECORD", "stream": stream, "record": row} for row in rows]
    return [head, *records, {"type": "STATE", "value": {"at": bookmark}}]


def lead(nr: object, **attributes: object) -> Row:
    """Give a row that becomes a lead."""
    return {"nr": nr, "lastName": f"Lead {nr}", **attributes}


def customer(nr: object, **attributes: object) -> Row:
    """Give a row that becomes a customer."""
    return {"nr": nr, "customerName": f"Firm {nr}", **attributes}


def mails(*addresses: str) -> list[Row]:
    """Give e-mail addresses as Apptivo has them."""
    return [{"emailAddress": address, "emailTypeCode": "BUSINESS"} for address in addresses]


def custom(**values: object) -> list[Row]:
    """Give custom attributes as Apptivo has them."""
    return [{"customAttributeId": i, "customAttributeValue": v} for i, v in values.items()]


class Person:
    """Somebody who works with Apptivo's own screens meanwhile."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Sit down before one sandbox."""
        self._sandbox = sandbox

    def creates(self, app: str, **attributes: object) -> str:
        """Create an object and give its id."""
        answer = self._call(app, a="save", **{_DATA[app]: json.dumps(attributes)})
        found = answer if _IDS[app] in answer else next(iter(answer.values()))
        return str(found[_IDS[app]])

    def edits(self, app: str, apptivo_id: object, **attributes: object) -> None:
        """Change some attributes of an object."""
        ids = {_IDS[app]: str(apptivo_id), _DATA[app]: json.dumps(attributes)}
        self._call(app, a="update", attributeNames=json.dumps([*attributes]), **ids)

    def deletes(self, app: str, apptivo_id: object) -> None:
        """Put an object into the trash."""
        self._call(app, a="delete", **{_IDS[app]: str(apptivo_id)})

    def reads(self, app: str, apptivo_id: object) -> Row:
        """Open an object, with the ids of its lists' entries."""
        return self._call(app, a="getById", **{_IDS[app]: str(apptivo_id)})

    def _call(self, app: str, **form: str) -> dict[str, Any]:
        keys = {"apiKey": "planted-Api/Key+1234567890==", "accessKey": "any"}
        kept = list(self._sandbox.requests)
        respond, faults = self._sandbox.respond, self._sandbox.faults
        self._sandbox.respond, self._sandbox.faults = None, {}
        data = urlencode({**form, **keys}).encode()
        with urllib.request.urlopen(f"{self._sandbox.url}v6/{app}", data) as answer:  # noqa: S310
            body: dict[str, Any] = json.load(answer)
        self._sandbox.respond, self._sandbox.faults = respond, faults
        self._sandbox.requests[:] = kept
        assert body.get("status") != "FAILURE", body
        return body


class InStep:
    """Runs of one pipeline, day after day: one journal, one sandbox.

    Attributes:
        settings: Settings of every run.
        journal: The journal's file.
    """

    def __init__(self, run: RunTarget, sandbox: Sandbox, folder: Path) -> None:
        """Make the journal."""
        self._run = run
        self.sandbox = sandbox
        self.folder = folder
        self.journal = folder / "journal.db"
        self.settings: dict[str, Any] = {
            "journal_url": f"sqlite:///{self.journal}",
            "responses": {"emit": "records"},
            "settle_seconds": 0.2,
        }
        self.make()

    def make(self) -> None:
        """Make the journal."""
        made = self([], "--journal")
        assert made.code == 0, made.log

    def __call__(
        self,
        messages: Sequence[Message | str],
        *options: str,
        streams: dict[str, Any] | None = None,
        **settings: Any,  # noqa: ANN401
    ) -> Finished:
        """Run with some messages; forget the requests of earlier runs."""
        self.sandbox.requests.clear()
        more = {"streams": streams} if streams else {}
        return self._run(messages, *options, config={**self.settings, **more, **settings})

    @property
    def sent(self) -> list[Received]:
        """The requests of the last run that change something."""
        return [each for each in self.sandbox.requests if is_write(each)]

    @property
    def reads(self) -> list[str]:
        """The actions of those that only read."""
        requests = self.sandbox.requests
        return [each.params.get("a", "") for each in requests if not is_write(each)]

    def held(self, app: str) -> dict[Any, Row]:
        """Give the objects of an app by the row that they came from."""
        return {record.get("nr"): record for record in self.sandbox.records[app]}

    @property
    def held_all(self) -> dict[str, list[Row]]:
        """Give the objects of all apps that have any."""
        return {app: records for app, records in self.sandbox.records.items() if records}

    def counts(self, app: str) -> Counter[Any]:
        """Count how often each row is there."""
        return Counter(record.get("nr") for record in self.sandbox.records[app])


def is_write(request: Received) -> bool:
    """Whether a request changes something."""
    return request.method in {"PUT", "DELETE"} or request.params.get("a", "save") in _WRITES


def named(request: Received) -> set[str]:
    """Give the attributes that an update names."""
    params = request.params
    text = params.get("attributeNames") or params.get("attributeName") or "[]"
    return set(json.loads(text))


def payload(request: Received) -> dict[str, Any]:
    """Give the object that a request carries."""
    text = next((v for n, v in request.params.items() if n.endswith("Data")), None)
    body: dict[str, Any] = json.loads(text if text is not None else request.body)
    return body


def responses(run: Finished) -> list[dict[str, Any]]:
    """Give the response records of a run."""
    return [line["record"] for line in run.lines if line["type"] == "RECORD"]


def outcomes(run: Finished, *names: str) -> list[Any]:
    """Give some fields of each response record; the outcome alone where none is named."""
    told: Iterable[dict[str, Any]] = responses(run)
    if len(names) > 1:
        return [tuple(each[name] for name in names) for each in told]
    return [each[names[0] if names else "outcome"] for each in told]


def states(run: Finished) -> list[Any]:
    """Give the states that a run wrote."""
    return [line["value"] for line in run.lines if line.get("type") == "STATE"]
