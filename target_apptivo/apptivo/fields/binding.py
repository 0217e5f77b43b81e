"""The option `fields`, read against an account's configuration; and records filled by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_apptivo.apptivo.content import custom_entries
from target_apptivo.apptivo.custom import CUSTOM
from target_apptivo.apptivo.fields.field import Field, Several
from target_apptivo.apptivo.fields.filling import Filling, filling_of, join_parts
from target_apptivo.apptivo.fields.names import folded, nearest_told
from target_apptivo.apptivo.fields.people import person_part
from target_apptivo.apptivo.fields.singles import read_text
from target_apptivo.apptivo.fields.standard_shapes import ADDRESSES, EMAILS, PHONES, list_of
from target_apptivo.apptivo.request import without
from target_apptivo.apptivo.values import objects_in
from target_apptivo.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_apptivo.apptivo.fields.field import Fields, Option
    from target_apptivo.apptivo.fields.people import Person

# Names of the two lists that do whatever the layout calls them.
_LIST_WORDS: Final = {
    EMAILS: ("emailAddress", EMAILS),
    PHONES: ("phoneNumber", PHONES),
}
# Words behind a type that make a name as people have it: "Mobile Phone", "Home Email".
_SPOKEN: Final = {EMAILS: ("email", "e-mail"), PHONES: ("phone",)}


@dataclass(frozen=True, slots=True)
class Filled:
    """What the fields make of one record.

    Attributes:
        used: Attributes that are not sent under their own names.
        names: Attributes of a payload that are a field's.
        payload: What is sent of the fields.
    """

    used: tuple[str, ...]
    names: tuple[str, ...]
    payload: Mapping[str, Any]

    def over(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Give a payload with the fields in it: they win over attributes of their names."""
        emptied = {name for name, value in record.items() if value in ({}, [])}
        rest = without(record, self.used)
        for name in [name for name in rest if name in self.names or _has_gone(rest, name, emptied)]:
            del rest[name]
        payload = {**rest, **self.payload}
        if CUSTOM in self.payload and (others := objects_in(rest.get(CUSTOM))):
            ours = custom_entries(self.payload[CUSTOM])
            kept = [each for each in others if not custom_entries([each]).keys() & ours.keys()]
            payload[CUSTOM] = [*kept, *self.payload[CUSTOM]]
        return payload


def _has_gone(rest: Mapping[str, Any], name: str, emptied: set[str]) -> bool:
    """Whether an object is empty because everything in it is used."""
    return rest[name] == {} and name not in emptied


@dataclass(frozen=True, slots=True)
class Binding:
    """The fields of one stream, found in the account.

    Attributes:
        fillings: One for each entry of the option.
    """

    fillings: tuple[Filling, ...]

    def people_in(self, record: Mapping[str, Any]) -> Iterator[tuple[Filling, str]]:
        """Give whom a record names, by e-mail or by name.

        Raises:
            RecordRejectedError: If a value is no text.
        """
        for each in self.fillings:
            value = each.value(record) if each.role else None
            if value is not None:
                if not isinstance(value, str):
                    raise each.unfit("takes the e-mail or the name of a person")
                yield each, read_text(value).strip()

    def fill(self, record: Mapping[str, Any], people: Mapping[str, Person]) -> Filled:
        """Shape what a record has for the fields.

        Args:
            record: Its attributes, those that come from references among them.
            people: The people whom it names, by the names of their fields.

        Raises:
            RecordRejectedError: If a field does not take a value.
        """
        parts = []
        for each in self.fillings:
            if each.role:
                found = people.get(each.name)
                parts.append(person_part(each.role, found) if found else {})
            elif (value := each.value(record)) is not None:
                parts.append(each.part(value))
        used = tuple(each.attribute for each in self.fillings)
        names = tuple(name for each in self.fillings for name in each.names)
        return Filled(used, names, join_parts(parts))


def bind(account: Fields, fields: Mapping[str, str], path: str) -> Binding:
    """Find the fields of a stream in the account.

    Args:
        account: The configuration of the stream's app.
        fields: The option: names of fields, and attributes.
        path: The option's path in the settings, for errors.

    Raises:
        SettingsError: If fields are not there, cannot be told from others, or cannot be filled: it
            names all of them, so that one run is enough to mend them.
    """
    taken: dict[tuple[str, ...], str] = {}
    fillings: list[Filling] = []
    wrong: list[SettingsError] = []
    for name, attribute in fields.items():
        try:
            fillings.append(_filling(account, name, attribute, f"{path}.{name}", taken))
        except SettingsError as error:
            wrong.append(error)
    if wrong:
        raise SettingsError(wrong[0].path, "; also ".join([wrong[0].problem, *map(str, wrong[1:])]))
    return Binding(tuple(fillings))


def _filling(
    account: Fields, name: str, attribute: str, path: str, taken: dict[tuple[str, ...], str]
) -> Filling:
    """Find what fills a field, and note that it is taken.

    Raises:
        SettingsError: If the account has no such field, it cannot be filled, or it is taken.
    """
    field, kind = _found(account, name, path)
    filling = filling_of(name, attribute, field, kind, account)
    if isinstance(filling, str):
        raise SettingsError(path, f"{filling} (field {field.title} of {account.app})")
    # E-mails and phones are lists: there may be several of a type.
    mark = (field.id, attribute if list_of(field) in _LIST_WORDS else "", *filling.names)
    if field.group:
        mark = (field.id, field.group.id, field.group.name, kind.label if kind else "")
    if other := taken.get(mark):
        raise SettingsError(path, f"names the same field as '{other}': {field.title}")
    taken[mark] = name
    return filling


def _found(account: Fields, name: str, path: str) -> tuple[Field, Option | None]:
    """Find a field and the type of its entries."""
    found, kind = _field(account, name), ""
    if found is None and ":" in name:
        bare, _, kind = name.rpartition(":")
        found = _field(account, bare) if kind.strip() else None
        if isinstance(found, Field) and list_of(found) is None:
            raise SettingsError(path, "names a type, which only e-mails, phones and addresses have")
    if isinstance(found, Several):
        titles = ", ".join(each.title for each in found.fields)
        raise SettingsError(path, f"is the name of several fields: {titles}; name one by its id")
    if found:
        return found, _kind(account, found, kind.strip(), path)
    if spoken := _spoken(account, name):
        return spoken
    raise SettingsError(path, _unknown(account, name))


def _field(account: Fields, name: str) -> Field | Several | None:
    """Find a field by its name in the account, else a list of e-mails or phones by ours."""
    if found := account.find(name):
        return found
    for listed_in, words in _LIST_WORDS.items():
        if name.strip() in words:
            return _list_field(account, listed_in)
    return None


def _list_field(account: Fields, name: str) -> Field | None:
    """Find the field of a list; where the layout names none, the one that the app has."""
    there = [each for each in account.fields if list_of(each) == name]
    if there:
        return there[0]
    own = Field(app=account.app, name=name, label=name, id=name)
    is_off = any(folded(word) in account.disabled for word in _LIST_WORDS[name])
    return None if is_off or list_of(own) is None else own


def _kinds(account: Fields, field: Field) -> tuple[Option, ...]:
    """Give the types that entries of a field may have."""
    return {
        EMAILS: account.email_types,
        PHONES: account.phone_types,
        ADDRESSES: account.address_types,
    }.get(list_of(field) or "", ())


def _kind(account: Fields, field: Field, wanted: str, path: str) -> Option | None:
    """Find a type by its code, its name or its id; without one the account's first."""
    kinds = _kinds(account, field)
    if not wanted:
        return kinds[0] if kinds else None
    for part in ("code", "label", "id"):
        found = [each for each in kinds if folded(str(getattr(each, part))) == folded(wanted)]
        if found:
            return found[0]
    near = nearest_told(wanted, [each.code or each.label for each in kinds])
    raise SettingsError(path, f"names a type that {field.title} does not have; {near}")


def _spoken(account: Fields, name: str) -> tuple[Field, Option] | None:
    """Find an e-mail or a phone by a type and a word: "Mobile Phone"."""
    for listed_in, words in _SPOKEN.items():
        field = _list_field(account, listed_in)
        for kind in _kinds(account, field) if field else ():
            labels = (*words, folded(field.label)) if field else words
            if field and folded(name) in {folded(f"{kind.label} {word}") for word in labels}:
                return field, kind
    return None


def _unknown(account: Fields, name: str) -> str:
    """Say that there is no such field, and which are near."""
    if folded(name) in account.disabled:
        return f"is a field of {account.app} that is switched off in Apptivo"
    near = account.nearest(name)
    return (
        f"is no field of {account.app} in this account; {near} (--fields {account.app} tells all)"
    )
