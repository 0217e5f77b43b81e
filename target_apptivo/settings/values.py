"""Read values that may be templates. Pure."""

from __future__ import annotations

from target_apptivo.apptivo.template import Template
from target_apptivo.errors import SettingsError
from target_apptivo.jsontext import number_text


def parse_value(value: object, path: str, booleans: tuple[str, str]) -> Template:
    """Read a parameter's value, which need not be a text.

    Args:
        value: The value.
        path: Its path in the settings, for errors.
        booleans: How the parameter spells false and true.

    Raises:
        SettingsError: If it is no number that can be written, or no template.
    """
    match value:
        case bool():
            return Template((booleans[value],))
        case int() | float():
            try:
                return Template((number_text(value),))
            except ValueError as error:
                raise SettingsError(path, f"is {error}") from None
    return parse_template(str(value), path)


def parse_template(text: str, path: str) -> Template:
    """Read a template.

    Raises:
        SettingsError: If it is none.
    """
    try:
        return Template.parse(text)
    except ValueError as error:
        raise SettingsError(path, str(error)) from None
