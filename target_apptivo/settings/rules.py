"""Read how the records of a stream are treated. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_apptivo.apptivo.endpoints import DELETE_CUSTOMER, TEMPLATES
from target_apptivo.apptivo.rules import LoadMethod, Rules
from target_apptivo.errors import SettingsError
from target_apptivo.settings.operations import build_operation, operation_of
from target_apptivo.settings.options import read_options
from target_apptivo.settings.references import read_references
from target_apptivo.settings.setting import namesakes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_apptivo.apptivo.operation import Operation
    from target_apptivo.apptivo.references import Reference
    from target_apptivo.settings.declared import DeclaredSettings
    from target_apptivo.settings.options import EndpointOptions


def build_rules(given: Mapping[str, Any], settings: DeclaredSettings, path: str) -> Rules:
    """Put together how the records of one stream are treated.

    Args:
        given: The options of its endpoint, with `endpoint`, checked for their types.
        settings: The settings of the first level.
        path: Path of the options in the settings, for errors.

    Raises:
        SettingsError: If an option does not fit.
    """
    options = read_options(given, path)
    operation, batch = operation_of(
        options, style=settings.api_style, base_url=settings.api_url, path=path
    )
    made = {
        "operation": operation,
        "batch": batch,
        "row": TEMPLATES[options.endpoint] if operation.action == "create" else None,
        "load_method": _load_method(options, settings, path),
        "references": _references(options, settings, path),
        "hard_delete": _hard_delete(options, settings, path),
        "path": path,
    }
    # What needs no making is taken as it is set: see the fields of `Rules`.
    rules = Rules(**namesakes(Rules, settings, options) | made)
    _check_match(rules, settings)
    return rules


def _load_method(options: EndpointOptions, settings: DeclaredSettings, path: str) -> LoadMethod:
    """Read the load method: the stream's own, else the one for all, else by the journal."""
    has_journal = settings.journal_url is not None
    fallback = LoadMethod.UPSERT if has_journal else LoadMethod.APPEND_ONLY
    method = options.load_method or settings.load_method or fallback
    if method is not LoadMethod.APPEND_ONLY and not has_journal:
        setting = f"{path}.load_method" if options.load_method else "load_method"
        problem = "needs a journal, unless it is append-only: set journal_url"
        raise SettingsError(setting, problem)
    return method


def _references(
    options: EndpointOptions, settings: DeclaredSettings, path: str
) -> tuple[Reference, ...]:
    """Read which attributes are ids of other records."""
    references = read_references(options.references, f"{path}.references")
    if references and settings.journal_url is None:
        problem = "needs a journal, which knows the ids: set journal_url"
        raise SettingsError(f"{path}.references", problem)
    return references


def _hard_delete(
    options: EndpointOptions, settings: DeclaredSettings, path: str
) -> Operation | None:
    """Read how the customer of a deleted record is deleted."""
    if not options.hard_delete:
        return None
    if settings.journal_url is None:
        problem = "needs a journal, which knows what was created: set journal_url"
        raise SettingsError(f"{path}.hard_delete", problem)
    operation, _ = build_operation(
        DELETE_CUSTOMER.name,
        {"headers": options.headers},
        style=settings.api_style,
        base_url=settings.api_url,
        path=path,
    )
    return operation


def _check_match(rules: Rules, settings: DeclaredSettings) -> None:
    """Refuse to look for a record where nothing is looked for, or by what is not its own."""
    if not rules.match_on:
        return
    if settings.journal_url is None:
        problem = "needs a journal: set journal_url"
        raise SettingsError(f"{rules.path}.match_on", problem)
    if rules.load_method is LoadMethod.APPEND_ONLY:
        problem = "is of no use with load_method append-only, which looks for nothing"
        raise SettingsError(f"{rules.path}.match_on", problem)
    for reference in rules.references:
        if reference.attribute in _attributes(rules.match_on):
            problem = f"names '{reference.attribute}', which comes from a reference"
            raise SettingsError(f"{rules.path}.match_on", problem)


def _attributes(match_on: Iterable[str]) -> set[str]:
    """Give the attributes whose values are looked for, in which a name may reach."""
    heads = {name.partition(".")[0] for name in match_on}
    return {*match_on, *heads} | ({"emailAddresses"} if "emailAddress" in match_on else set())
