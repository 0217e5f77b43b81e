"""What a request asks for: app, action, id and the record it carries. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from target_apptivo.sandbox.apps import OTHER_APPS, V6_APPS, App, unknown_app
from target_apptivo.sandbox.exact_json import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_apptivo.sandbox.exchange import Received
    from target_apptivo.sandbox.memory import Record

_PATH = re.compile(r"/app/dao/(v6/)?([^/]+)(?:/([^/]*))?")
_LONGEST_SHOWN = 40


class RefusedError(Exception):
    """Apptivo takes the call, and refuses it: the text is the reason."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, read as far as it goes without judging it.

    Attributes:
        app: The app it is for.
        method: HTTP method.
        path_id: What follows the app in the path, decoded; empty if nothing does.
        params: Query and form fields.
        received: The request itself.
    """

    app: App
    method: str
    path_id: str
    params: Mapping[str, str]
    received: Received

    @property
    def action(self) -> str:
        """What it asks for, as the value of `a` that stands for it."""
        if self.path_id:
            if self.method == "POST" and self.path_id == "batch":
                return "batch"
            if self.method in {"PUT", "DELETE"}:
                return "update" if self.method == "PUT" else "delete"
        action = self.params.get("a", "")
        return "save" if action in self.app.save_actions else action

    @property
    def record_id(self) -> str:
        """The id it names, in the path or as a parameter; empty if it names none."""
        return self.path_id or self.params.get(self.app.id_name, "")

    def has_flag(self, name: str) -> bool:
        """Whether a Y/N parameter says yes."""
        return self.params.get(name) == "Y"


def read_call(received: Received) -> Call | None:
    """Read a request; None where its path leads to no app."""
    match = _PATH.fullmatch(received.path)
    if match is None:
        return None
    is_v6, name, path_id = match.groups(default="")
    name = unquote(name)
    app = (V6_APPS.get(name) or unknown_app(name)) if is_v6 else OTHER_APPS.get(name)
    if app is None:
        return None
    return Call(app, received.method, unquote(path_id), received.params, received)


def record_of(call: Call) -> Record:
    """The record that a save or an update carries.

    Raises:
        RefusedError: It carries none, or something that is no JSON object.
    """
    name, text = _data_of(call)
    value = parsed(name, text)
    if not isinstance(value, dict):
        msg = f"{name} is not a JSON object"
        raise RefusedError(msg)
    return value


def records_of(call: Call) -> list[Any]:
    """The records that a batch carries: a list, or the first list in an object (INVENTED).

    Raises:
        RefusedError: No list is found, or the text is not JSON.
    """
    name, text = _batch_text(call)
    value = parsed(name, text)
    candidates: Iterable[Any] = value.values() if isinstance(value, dict) else [value]
    for candidate in candidates:
        if isinstance(candidate, list):
            return candidate
    msg = f"{name} holds no list of records"
    raise RefusedError(msg)


def _data_of(call: Call) -> tuple[str, str | bytes]:
    names = call.app.data_names
    if not call.app.is_known:
        names = tuple(name for name in call.params if name.endswith("Data"))
    for name in names:
        if name in call.params:
            return name, call.params[name]
    # UNKNOWN whether Apptivo reads a raw JSON body; only Nexla's pages say so.
    if call.received.body and not call.received.is_form:
        return "The request body", call.received.body
    wanted = " or ".join(call.app.data_names) or "a parameter ...Data"
    msg = f"Missing parameter: {wanted}"
    raise RefusedError(msg)


def _batch_text(call: Call) -> tuple[str, str | bytes]:
    if not call.received.is_form:
        return "The request body", call.received.body
    for name, value in call.params.items():
        if value.lstrip()[:1] in {"[", "{"}:
            return name, value
    msg = "No parameter holds a JSON list"
    raise RefusedError(msg)


def parsed(name: str, text: str | bytes) -> Any:  # noqa: ANN401 (any JSON value)
    """Read a parameter that carries JSON.

    Raises:
        RefusedError: It is not JSON.
    """
    try:
        return decode(text)
    except ValueError:
        msg = f"{name} is not JSON"
        raise RefusedError(msg) from None


def no_such(call: Call, record_id: str) -> RefusedError:
    """The refusal of a call for a record that is not there, or in the trash."""
    return RefusedError(f"No active record with {call.app.id_name} {shown(record_id)!r}")


def number_of(params: Mapping[str, str], name: str, default: int) -> int:
    """A parameter that is a number from 0; the default where it is none."""
    text = params.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else default


def shown(text: str) -> str:
    """A text of the request, short enough to be repeated in a reason."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
