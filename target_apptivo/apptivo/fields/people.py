"""People: which fields take one, how an employee is found, and the attributes of one. Pure.

By e-mail and by name as PORTAL and MT do (docs/apptivo.md 7.5, 8.5): FACT. What is found is
compared here, since a search finds what is near as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.fields.json_values import objects_of, text_of
from target_apptivo.apptivo.fields.names import folded
from target_apptivo.apptivo.objects import Unbelievable
from target_apptivo.apptivo.operation import Content, Operation
from target_apptivo.apptivo.request import Address, shape_request
from target_apptivo.apptivo.template import Template
from target_apptivo.apptivo.together import ASSIGNEES, REFERRER
from target_apptivo.apptivo.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_apptivo.apptivo.fields.field import Field
    from target_apptivo.apptivo.operation import Pairs
    from target_apptivo.apptivo.request import Request
    from target_apptivo.apptivo.verdict import Verdict

EMPLOYEE: Final = 8  # the object id of an employee
_BY_EMAIL: Final = "employee"
_BY_NAME: Final = "v6/employees"
MOST_EMPLOYEES: Final = 500
_LISTS: Final = ("aaData", "data")
# Of one who is there PORTAL asks for "0"; that another value means one who has left is INFERRED.
_PRESENT: Final = frozenset({"", "0"})


@dataclass(frozen=True, slots=True)
class Role:
    """Names of the attributes that are a person: two, or three with the number of the object."""

    name: str
    id: str
    object: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.name, self.id, self.object) if self.object else (self.name, self.id)


@dataclass(frozen=True, slots=True)
class Person:
    """An employee."""

    id: int | str
    name: str
    email: str = ""


def role_of(field: Field) -> Role | None:
    """Give the attributes of a field that takes a person; None if it takes none.

    That a standard field named "assigned" or so is the app's assignee is INFERRED.
    """
    if field.is_custom:
        return None
    if field.name in REFERRER:
        return Role(*REFERRER)
    assignee = ASSIGNEES.get(field.app)
    is_assigned = folded(field.name).startswith(("assign", "owner"))
    if assignee and (is_assigned or field.name in assignee):
        return Role(*assignee)
    return None


def person_part(role: Role, person: Person) -> dict[str, Any]:
    """Write a person as a payload has it."""
    part = {role.name: person.name, role.id: person.id}
    return {**part, role.object: EMPLOYEE} if role.object else part


def person_operation(text: str, headers: Pairs = ()) -> Operation:
    """Give the operation that looks for a person."""
    kept = tuple(pair for pair in headers if pair[0].lower() != "content-type")
    return Operation(
        endpoint="employees",
        method="POST",
        url=Template((_BY_EMAIL if "@" in text else _BY_NAME,)),
        content=Content.FORM,
        params_in_form=True,
        headers=kept,
        data_param="searchData" if "@" in text else None,
    )


def person_request(text: str, headers: Pairs = ()) -> Request:
    """Make the request that looks for a person, by e-mail or by name; for no text, for all."""
    operation = person_operation(text, headers)
    if "@" in text:
        criteria = {"emailId": text, "personStatus": "0"}
        address = Address(_BY_EMAIL, (("a", "getEmployeeByAdvancedSearch"),))
        return shape_request(operation, address, criteria)
    params = (
        ("a", "getAllBySearchText"),
        ("objectId", str(EMPLOYEE)),
        ("startIndex", "0"),
        ("numRecords", str(MOST_EMPLOYEES)),
        ("searchText", text),
    )
    return shape_request(operation, Address(_BY_NAME, params), {})


def people_in(verdict: Verdict) -> tuple[Person, ...] | Unbelievable:
    """Read the employees in an answer: none where it holds no list, as where none is found."""
    if verdict.outcome is not Outcome.ACCEPTED or verdict.response is None:
        return Unbelievable(verdict.reason or "the answer is no JSON object")
    rows = [row for name in _LISTS for row in objects_of(verdict.response.get(name))]
    return tuple(dict.fromkeys(_people(rows)))


def same_person(text: str, people: tuple[Person, ...]) -> tuple[Person, ...]:
    """Give those of some people whom a text names: the whole e-mail, or the whole name."""
    wanted = folded(text)
    part = "email" if "@" in text else "name"
    found = {each.id: each for each in people if folded(getattr(each, part)) == wanted}
    return tuple(found.values())


def _people(rows: list[dict[str, Any]]) -> Iterator[Person]:
    """Read the employees in rows; one without id or name is passed over."""
    for row in rows:
        person_id, name = text_of(row.get("employeeId")) or text_of(row.get("id")), _name(row)
        if person_id and name and text_of(row.get("personStatus")) in _PRESENT:
            number = int(person_id) if person_id.isascii() and person_id.isdigit() else person_id
            yield Person(number, name, text_of(row.get("emailId")) or text_of(row.get("email")))


def _name(row: dict[str, Any]) -> str:
    """Give the whole name of an employee."""
    parts = (text_of(row.get(name)) for name in ("firstName", "lastName"))
    return text_of(row.get("fullName")) or " ".join(filter(None, parts))
