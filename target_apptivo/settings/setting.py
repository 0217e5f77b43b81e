"""How a setting is declared: a field of a dataclass that carries all there is to say of it. Pure.

The JSON Schema, the defaults and the plain values follow from the fields: nothing else lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from singer_sdk import typing as th

from target_apptivo.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Kind = th.JSONTypeHelper[Any] | type[Any]

T = TypeVar("T")

# JSON writes 5.0 for an integer, and 5 for a number.
_PLAIN: dict[type[Any], Callable[[Any], Any]] = {th.IntegerType: int, th.NumberType: float}


class WrongValueError(Exception):
    """A value is wrong; the text says in what, and shows none of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is said of one setting.

    Attributes:
        kind: Its type in JSON Schema, or the dataclass of the settings in it.
        title: Its name for people.
        description: What it means.
        default: What it is where nothing is set, as it is told.
        choices: The values that it may have, each with a label for people.
        secret: Whether its value is shown nowhere.
        required: Whether it has to be set.
        applies_to: The endpoints that an option is for; empty for all.
        read: Makes the plain value of what is given.
    """

    kind: Kind
    title: str
    description: str
    default: Any = None
    choices: Mapping[str, str] | None = None
    secret: bool = False
    required: bool = False
    applies_to: tuple[str, ...] = ()
    read: Callable[[Any], Any] | None = None

    def plain(self, value: Any, path: str) -> Any:  # noqa: ANN401 - of any setting
        """Make the plain value of what is given, whose type is checked.

        Raises:
            SettingsError: If it is wrong all the same.
        """
        if is_dataclass(self.kind):
            return read(cast("type[Any]", self.kind), value, path)
        kind = self.kind if isinstance(self.kind, type) else type(self.kind)
        make = self.read or _PLAIN.get(kind)
        try:
            return make(value) if make else value
        except WrongValueError as error:
            raise SettingsError(path, str(error)) from None


def setting(kind: Kind, *, unset: Any = None, **said: Any) -> Any:  # noqa: ANN401 - as `field`
    """Declare a setting: a field of a frozen dataclass, named like the setting.

    Args:
        kind: Its type in JSON Schema, or the dataclass of the settings in it.
        unset: The plain value where nothing is set and there is no default.
        said: Fields of `Setting`.
    """
    declared = Setting(kind=kind, **said)

    def value() -> Any:  # noqa: ANN401 - of any setting
        return unset if declared.default is None else declared.plain(declared.default, "")

    return field(
        default_factory=kind if isinstance(kind, type) and is_dataclass(kind) else value,
        repr=not declared.secret,
        metadata={"setting": declared},
    )


def settings_of(declaration: type[Any]) -> dict[str, Setting]:
    """Give the settings that a dataclass declares, by name."""
    return {
        each.name: each.metadata["setting"]
        for each in fields(declaration)
        if "setting" in each.metadata
    }


def properties_of(declaration: type[Any], endpoint: str | None = None) -> list[th.Property[Any]]:
    """Give the properties of a dataclass in JSON Schema; of options, those of one endpoint."""
    return [
        th.Property(
            name,
            object_type(each.kind) if is_dataclass(each.kind) else each.kind,
            title=each.title,
            description=each.description,
            default=each.default,
            allowed_values=list(each.choices) if each.choices else None,
            secret=each.secret,
            required=each.required,
        )
        for name, each in settings_of(declaration).items()
        if endpoint is None or endpoint in (each.applies_to or (endpoint,))
    ]


def object_type(declaration: Any) -> th.ObjectType:  # noqa: ANN401 - a dataclass, which is a type
    """Make an object in JSON Schema of a dataclass; it has no other properties."""
    return th.ObjectType(*properties_of(declaration), additional_properties=False)


def read(declaration: type[T], given: Mapping[str, Any], path: str = "") -> T:
    """Make the plain values of checked settings; null means 'not set'.

    Args:
        declaration: The dataclass that declares them.
        given: The settings.
        path: Their path, for errors.

    Raises:
        SettingsError: If one is missing, or wrong beyond its type.
    """
    values = {}
    for name, each in settings_of(declaration).items():
        here = f"{path}.{name}" if path else name
        if (value := given.get(name)) is not None:
            values[name] = each.plain(value, here)
        elif each.required:
            problem = "is required"
            raise SettingsError(here, problem)
    return declaration(**values)


def namesakes(wanted: type[Any], *sources: object) -> dict[str, Any]:
    """Take the values of the settings that a dataclass has fields of the same name for.

    Args:
        wanted: The dataclass, which has defaults of its own for what is not set.
        sources: Settings; of several that are set, the last one wins.
    """
    return {
        each.name: value
        for source in sources
        for each in fields(wanted)
        if (value := getattr(source, each.name, None)) is not None
    }
