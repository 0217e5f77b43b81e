"""Read how the records of a stream are treated. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.endpoints import DELETE_CUSTOMER, GENERIC, TEMPLATES, ApiStyle
from target_apptivo.apptivo.references import Reference
from target_apptivo.apptivo.rules import LoadMethod, Rules
from target_apptivo.errors import SettingsError
from target_apptivo.settings.declared import STREAM_SCHEMA, with_defaults
from target_apptivo.settings.operations import build_operation, parse_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_apptivo.apptivo.request import Operation


def build_rules(  # noqa: PLR0913 - what settings say of one stream
    name: str,
    options: Mapping[str, Any],
    *,
    given: Mapping[str, Any],
    style: ApiStyle,
    base_url: str,
    path: str,
) -> Rules:
    """Put together how the records of one stream are treated.

    Args:
        name: The endpoint.
        options: Its options from the settings, checked for their types.
        given: The settings of the first level, with their defaults.
        style: How templates call Apptivo.
        base_url: The API's base URL.
        path: Path of the options in the settings, for errors.

    Raises:
        SettingsError: If an option does not fit.
    """
    operation, batch = build_operation(name, options, style=style, base_url=base_url, path=path)
    own = with_defaults(options, STREAM_SCHEMA)
    row = TEMPLATES[name] if name != GENERIC and operation.creates else None
    match_on = _match_on(own.get("match_on"), path)
    references = _references(own.get("references") or {}, given, path)
    load_method = _load_method(own, given, path)
    if match_on and load_method is LoadMethod.APPEND_ONLY:
        problem = "is of no use with load_method append-only, which looks for nothing"
        raise SettingsError(f"{path}.match_on", problem)
    for reference in references:
        if reference.attribute in match_on:
            problem = f"names '{reference.attribute}', which comes from a reference"
            raise SettingsError(f"{path}.match_on", problem)
    return Rules(
        operation=operation,
        row=row,
        batch=batch,
        on_uncertain=given["on_uncertain"],
        load_method=load_method,
        journal_stream=own.get("journal_stream"),
        match_on=match_on,
        on_conflict=own["on_conflict"],
        update_nulls=own["update_nulls"],
        hard_delete=_hard_delete(own, given, style, base_url, path),
        references=references,
        settle_seconds=float(given["settle_seconds"]),
    )


def _load_method(own: Mapping[str, Any], given: Mapping[str, Any], path: str) -> LoadMethod:
    """Read the load method: the stream's own, else the one for all, else by the journal."""
    has_journal = given.get("journal_url") is not None
    fallback = LoadMethod.UPSERT if has_journal else LoadMethod.APPEND_ONLY
    method = LoadMethod(own.get("load_method") or given.get("load_method") or fallback)
    if method is not LoadMethod.APPEND_ONLY and not has_journal:
        setting = f"{path}.load_method" if own.get("load_method") else "load_method"
        raise SettingsError(setting, f"{method} needs a journal: set journal_url")
    return method


def _match_on(names: object, path: str) -> tuple[str, ...]:
    """Read by what a record is looked for."""
    if names is None:
        return ()
    given = [names] if isinstance(names, str) else list(names) if isinstance(names, list) else []
    if not given or not all(isinstance(name, str) and name.strip() for name in given):
        problem = "must name at least one attribute"
        raise SettingsError(f"{path}.match_on", problem)
    return tuple(dict.fromkeys(given))


def _references(
    options: Mapping[str, Any], given: Mapping[str, Any], path: str
) -> tuple[Reference, ...]:
    """Read which attributes are ids of other records."""
    if options and given.get("journal_url") is None:
        problem = "needs a journal, which knows the ids: set journal_url"
        raise SettingsError(f"{path}.references", problem)
    return tuple(
        Reference(
            attribute=attribute,
            stream=each["stream"],
            key={
                name: parse_template(text, f"{path}.references.{attribute}.key")
                for name, text in _key(each["key"]).items()
            },
            is_omitted=each.get("on_missing") == "omit",
        )
        for attribute, each in options.items()
    )


def _key(key: str | Mapping[str, str]) -> Mapping[str, str]:
    """Give the templates of a key by key property; of a single one under an empty name."""
    return {"": key} if isinstance(key, str) else key


def _hard_delete(
    own: Mapping[str, Any], given: Mapping[str, Any], style: ApiStyle, base_url: str, path: str
) -> Operation | None:
    """Read how the customer of a deleted record is deleted."""
    if not own["hard_delete"]:
        return None
    if given.get("journal_url") is None:
        problem = "needs a journal, which knows what was created: set journal_url"
        raise SettingsError(f"{path}.hard_delete", problem)
    common = {name: own[name] for name in ("headers",) if name in own}
    operation, _ = build_operation(
        DELETE_CUSTOMER.name, common, style=style, base_url=base_url, path=path
    )
    return operation
