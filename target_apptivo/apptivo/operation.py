"""How the records of one stream are sent, and what their answers must show. Pure: values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from target_apptivo.apptivo.endpoints import GENERIC
from target_apptivo.apptivo.guards import asks_to_delete

if TYPE_CHECKING:
    from target_apptivo.apptivo.template import Template

Pairs = tuple[tuple[str, str], ...]

CREDENTIALS = frozenset({"apiKey", "accessKey"})


class Content(StrEnum):
    """The form in which a record travels."""

    JSON = "application/json"
    FORM = "application/x-www-form-urlencoded"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A request parameter whose value may depend on the record.

    Attributes:
        name: The parameter's name.
        value: Template of its value.
        booleans: How the parameter spells false and true.
        optional: Left out where the record has no value for it, instead of refusing the record.
    """

    name: str
    value: Template
    booleans: tuple[str, str] = ("false", "true")
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """How the records of one stream are sent, and what their answers must show.

    Attributes:
        endpoint: The endpoint's name, for people.
        method: The HTTP method.
        url: Path and query, relative to the API's base URL or, with a leading `/`, to its host.
        content: The form of the body; `Content.NONE` for none.
        params: Parameters, sent in the query, or as form fields with `params_in_form`.
        params_in_form: Whether parameters and credentials travel in the form.
        data_param: Form field that holds the record as JSON.
        headers: Further headers.
        exclude: Names of attributes left out of the body.
        customer_id: Template of the id of a customer to delete; guarded.
        id_paths: Dotted paths of the new id in the answer; none where none is looked for.
        deletes: Whether it removes something, whatever the record.
    """

    endpoint: str
    method: str
    url: Template
    content: Content
    params: tuple[Param, ...] = ()
    params_in_form: bool = False
    data_param: str | None = None
    headers: Pairs = ()
    exclude: tuple[str, ...] = ()
    customer_id: Template | None = None
    id_paths: tuple[str, ...] = ()
    deletes: bool = field(init=False)

    def __post_init__(self) -> None:
        """Tell whether it deletes: by its method, or by the literal parameter `a=delete`."""
        params = [(param.name, param.value.literal) for param in self.params]
        is_delete = asks_to_delete(self.method, self.url.literal, params)
        object.__setattr__(self, "deletes", is_delete or self.customer_id is not None)

    @property
    def action(self) -> str:
        """What it asks of Apptivo, as the outputs call it."""
        if self.endpoint == GENERIC:
            return "send"
        return "delete" if self.deletes else "create"

    @property
    def creates(self) -> bool:
        """Whether a second sending may make a second object: every POST that is no delete."""
        return self.method == "POST" and not self.deletes
