"""Fill the fields of an account: read its configuration once a run, and look people up. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_apptivo.apptivo.endpoints import ApiStyle
from target_apptivo.apptivo.fields.binding import bind
from target_apptivo.apptivo.fields.configuration import (
    Unreadable,
    app_of,
    config_operation,
    read_answer,
)
from target_apptivo.apptivo.fields.matching import check_match
from target_apptivo.apptivo.fields.names import folded, listed, nearest_told
from target_apptivo.apptivo.fields.people import (
    people_in,
    person_operation,
    person_request,
    same_person,
)
from target_apptivo.apptivo.objects import Unbelievable
from target_apptivo.apptivo.request import shape_address, shape_request
from target_apptivo.apptivo.steps import Ask, Read, Tell
from target_apptivo.apptivo.verdict import Verdict, refused
from target_apptivo.errors import ConfigurationError, RecordRejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from target_apptivo.apptivo.fields.binding import Binding, Filled
    from target_apptivo.apptivo.fields.field import Fields
    from target_apptivo.apptivo.fields.filling import Filling
    from target_apptivo.apptivo.fields.people import Person
    from target_apptivo.apptivo.rules import Rules

# Whom a search for nobody in particular finds.
_EVERYBODY = ""


async def fill(record: Mapping[str, Any], rules: Rules) -> Filled | Verdict:
    """Shape what a record has for the fields of the account.

    Args:
        record: Its attributes, those that come from references among them.
        rules: How it is treated.

    Returns:
        What is sent of the fields; else the verdict of a record that they do not take.

    Raises:
        SettingsError: If the account has no such field, or `match_on` names one by its label.
        ConfigurationError: If its configuration cannot be read.
    """
    binding = await _binding(rules)
    people: dict[str, Person] = {}
    try:
        asked = list(binding.people_in(record))
    except RecordRejectedError as error:
        return refused(str(error))
    for filling, text in asked:
        found = await _person(filling, text, rules)
        if isinstance(found, Verdict):
            return found
        people[filling.name] = found
    try:
        return binding.fill(record, people)
    except RecordRejectedError as error:
        return refused(str(error))


async def _binding(rules: Rules) -> Binding:
    """Find the stream's fields in the account, once a run."""
    topic = ("fields", rules.app.path, rules.path, tuple(rules.fields.items()))
    known: Binding | None = await Ask(topic, is_read=True)
    if known:
        return known
    binding = bind(await _account(rules), rules.fields, f"{rules.path}.fields")
    check_match(binding.fillings, rules.match_on, f"{rules.path}.match_on")
    await Tell(topic, binding)
    return binding


async def _account(rules: Rules) -> Fields:
    """Read the configuration of the stream's app, once a run.

    Raises:
        ConfigurationError: If it cannot be read.
    """
    app, operation = app_of(rules.app), rules.operation
    topic = ("configuration", app)
    known: Fields | None = await Ask(topic, is_read=True)
    if known:
        return known
    style = ApiStyle.ACTION if operation.params_in_form else ApiStyle.REST
    asking = config_operation(rules.app.path, style, operation.headers)
    request = shape_request(asking, shape_address(asking, {}), {})
    fields = read_answer(app, await Read(asking, request))
    if isinstance(fields, Unreadable):
        raise ConfigurationError(app, fields.reason)
    await Tell(topic, fields)
    return fields


async def _person(filling: Filling, text: str, rules: Rules) -> Person | Verdict:
    """Find an employee by e-mail or name; whom several share, nobody is."""
    people = await _people(text, rules)
    if isinstance(people, Unbelievable):
        problem = f"names a person who cannot be looked up: {people.reason}"
        return refused(str(filling.unfit(problem)))
    found = same_person(text, people)
    if len(found) == 1:
        return found[0]
    if found:
        ids = listed(str(each.id) for each in found)
        return refused(str(filling.unfit(f"names several employees: {ids}; give an e-mail")))
    everybody = await _people(_EVERYBODY, rules)
    others = () if isinstance(everybody, Unbelievable) else everybody
    known = [each.email if "@" in text and each.email else each.name for each in (*people, *others)]
    near = nearest_told(text, list(dict.fromkeys(known)))
    return refused(str(filling.unfit(f"names nobody who is an employee; {near}")))


async def _people(text: str, rules: Rules) -> tuple[Person, ...] | Unbelievable:
    """Search for employees, once a run for each text."""
    topic = ("people", folded(text))
    known: tuple[Person, ...] | None = await Ask(topic, is_read=True)
    if known is not None:
        return known
    headers = rules.operation.headers
    request = person_request(text, headers)
    people = people_in(await Read(person_operation(text, headers), request))
    if not isinstance(people, Unbelievable):
        await Tell(topic, people if text == _EVERYBODY else same_person(text, people))
    return people
