"""Apptivo's front: reads requests as the target writes them, and writes answers as bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.response import Response
from tests.simulation.firm import ID_NAMES
from tests.simulation.things import flat

if TYPE_CHECKING:
    from target_apptivo.apptivo.request import Request
    from tests.simulation.firm import Firm
    from tests.simulation.plan import Habits, Row
    from tests.simulation.sending import Sending
    from tests.simulation.things import Thing

_ENVELOPES: Final = {
    "v6/leads": "lead",
    "v6/customers": "customer",
    "v6/contacts": "contact",
    "v6/cases": "csCase",
}
_DATA: Final = {
    "v6/leads": "leadData",
    "v6/customers": "customerData",
    "v6/contacts": "contactData",
    "v6/cases": "caseData",
}


class Front:
    """What a request leads to."""

    def __init__(self, firm: Firm, habits: Habits) -> None:
        """Stand before a firm."""
        self._firm = firm
        self._habits = habits

    def carry_out(self, request: Request, sending: Sending) -> Response:
        """Do what a request asks for."""
        path, _, query = request.url.partition("?")
        params = dict(request.form or request.query)
        if query:
            params["a"] = query.removeprefix("a=")
        if path.startswith("v6/hooks"):
            return self._hook(request, path, sending)
        if request.method == "DELETE":
            path, _, number = path.rpartition("/")
            params |= {"a": "delete", ID_NAMES[path]: number}
        match params["a"]:
            case "save":
                data = request.body or params[_DATA[path]]
                return self._save(path, json.loads(data), sending)
            case "getAllByAdvancedSearch":
                return self._search(path, params)
        return self._of_one(path, params, sending)

    def _of_one(self, path: str, params: dict[str, str], sending: Sending) -> Response:
        """Update, delete or read one object."""
        number = int(params[ID_NAMES[path]])
        match params["a"]:
            case "update":
                return self._update(path, params, sending)
            case "delete":
                return self._delete(path, number, sending)
        return self._read(path, number, sending)

    def _save(self, path: str, row: Row, sending: Sending) -> Response:
        """Create an object."""
        thing = self._firm.save(path, row, sending, sending.messages[0])
        return self._show(thing)

    def _update(self, path: str, params: dict[str, str], sending: Sending) -> Response:
        """Update an object."""
        thing = self._firm.find(path, int(params[ID_NAMES[path]]))
        if thing is None:
            return self._missing()
        listed = json.loads(params.get("attributeName") or params["attributeNames"])
        names = [name for name in listed if name != "customAttributes"]
        names += [
            f"customAttributes.{each}" for each in json.loads(params.get("attributeIds", "[]"))
        ]
        self._firm.update(thing, json.loads(params[_DATA[path]]), names, sending)
        return self._show(thing)

    def _delete(self, path: str, number: int, sending: Sending) -> Response:
        """Delete an object."""
        thing = self._firm.find(path, number)
        if thing is None:
            return _answer({}) if self._habits.missing == "empty" else self._missing()
        self._firm.remove(thing, sending)
        return _answer({"status": "success"})

    def _read(self, path: str, number: int, sending: Sending) -> Response:
        """Show an object."""
        for message in sending.messages:
            message.seen_at = self._firm.now
        thing = self._firm.find(path, number)
        return self._show(thing, whole=True) if thing else self._missing()

    def _hook(self, request: Request, path: str, sending: Sending) -> Response:
        """Take what a generic endpoint is sent: one object, or several."""
        body = json.loads(request.body or b"{}")
        if request.method == "PUT":
            return self._put(path, body, sending)
        rows = body.get("records", [body])
        things = [
            self._firm.save("v6/hooks", row, sending, message)
            for row, message in zip(rows, sending.messages, strict=True)
        ]
        if "records" in body:
            return _answer({"results": [{"hookId": thing.number} for thing in things]})
        return _answer({"hookId": things[0].number})

    def _put(self, path: str, row: Row, sending: Sending) -> Response:
        """Put an object in its place."""
        things = [
            thing
            for thing in self._firm.things.values()
            if thing.path == "v6/hooks" and thing.values.get("nr") == path.rpartition("/")[2]
        ]
        if things:
            self._firm.update(things[0], row, [*flat(row)], sending)
        else:
            things = [self._firm.save("v6/hooks", row, sending, sending.messages[0])]
        return _answer({"hookId": things[0].number})

    def _search(self, path: str, params: dict[str, str]) -> Response:
        """Search by criteria; a blank search finds everything."""
        if self._habits.criteria == "refused" and params["searchData"]:
            return _answer({"status": "FAILURE", "reason": "unknown criteria"})
        rows = self._found(path, json.loads(params["searchData"] or "{}"))
        start, number = int(params["startIndex"]), int(params["numRecords"])
        page = rows[start : start + number]
        answer: Row = {"countOfRecords": len(rows)}
        return _answer(answer | {"data": page} if page else answer)

    def _found(self, path: str, form: Row) -> list[Row]:
        """Give the rows that a search finds: the newest first, but near matches before all."""
        rows = self._firm.images(path)[::-1]
        if not form or self._habits.criteria == "ignored":
            return rows
        if self._habits.criteria == "blind":
            return []
        found = [row for row in rows if _fits(row, form)]
        near = [row for row in rows if row not in found]
        return [*near[:2], *found] if self._habits.finds_near else found

    def _show(self, thing: Thing, *, whole: bool = False) -> Response:
        """Show an object, whole or by its id."""
        shown = self._firm.shown(thing)
        if not (whole or self._habits.shows_whole):
            shown = {ID_NAMES[thing.path]: thing.number}
        if self._habits.envelope == "flat" or (whole and self._habits.envelope == "own"):
            return _answer(shown)
        name = _ENVELOPES[thing.path] if self._habits.envelope == "own" else "data"
        return _answer({name: shown})

    def _missing(self) -> Response:
        """Say that there is no such object."""
        if self._habits.missing == "failure":
            return _answer({"status": "FAILURE", "reason": "no such object"})
        return Response(404, b"") if self._habits.missing == "404" else _answer({})


def _fits(row: Row, form: Row) -> bool:
    """Whether a row is what a form asks for; text by words, without regard to case."""
    values = flat(row)
    for name, wanted in flat(
        {name: form[name] for name in form if name != "emailAddresses"}
    ).items():
        if str(values.get(name)).casefold() != str(wanted).casefold():
            return False
    emails = form.get("emailAddresses")
    there = {_address(entry) for entry in values.get("emailAddresses") or []}
    return emails is None or any(_address(entry) in there for entry in emails)


def _address(entry: Row) -> str:
    """Give an address as the index has it."""
    return str(entry.get("emailAddress")).casefold()


def _answer(body: Any, status: int = 200) -> Response:  # noqa: ANN401
    """Write an answer."""
    return Response(status, json.dumps(body).encode())
