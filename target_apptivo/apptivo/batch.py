"""Several records in one operation: one body of many records, many outcomes of one answer. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import simpleeval
import simplejson
from singer_sdk.mapper import md5, sha256

from target_apptivo.apptivo.response import NO_ID, find, interpret_result
from target_apptivo.apptivo.verdict import Outcome, Verdict
from target_apptivo.errors import RecordRejectedError

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence

    from target_apptivo.apptivo.operation import Operation

# The functions of the SDK's stream maps. Its modules are open here by name only, so that an
# expression reaches nothing but its records.
_DATETIME: Final = {"UTC", "date", "datetime", "time", "timedelta", "timezone"}
_FUNCTIONS: Final[dict[str, Any]] = {
    **simpleeval.DEFAULT_FUNCTIONS,
    "md5": md5,
    "sha256": sha256,
    "bool": bool,
    # Unlike the standard library's, it writes decimals.
    "json": simpleeval.ModuleWrapper(simplejson, {"dumps", "loads"}),
    "datetime": simpleeval.ModuleWrapper(dt, _DATETIME),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How records travel together.

    Attributes:
        size: Most records in one call.
        property_name: Name of their list in the body, with grouping `property`.
        other_props: Further properties of that body.
        code: Expression whose value is the body, with grouping `code`.
        results_path: Path of the list of results in the answer.
        split_rejected: Whether a refused batch is halved.
    """

    size: int
    property_name: str | None = None
    other_props: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = None
    parsed: ast.AST | None = None
    results_path: str | None = None
    split_rejected: bool = False

    def body(self, records: Sequence[Mapping[str, Any]]) -> object:
        """Make one body of many records.

        Raises:
            RecordRejectedError: If the expression fails on these records.
        """
        if self.code is None:
            return {str(self.property_name): list(records), **self.other_props}
        evaluator = simpleeval.EvalWithCompoundTypes(
            functions=_FUNCTIONS, names={"records": [dict(record) for record in records]}
        )
        try:
            return evaluator.eval(self.code, previously_parsed=self.parsed)
        except Exception as error:  # an expression may fail in any way on a record
            msg = f"batch.code fails on these records ({type(error).__name__})"
            raise RecordRejectedError(msg) from error


def interpret_results(
    operation: Operation, batch: Batch | None, verdict: Verdict, count: int
) -> list[Verdict]:
    """Give each record of a request its verdict.

    Args:
        operation: How the records were sent.
        batch: How they were batched, if they were.
        verdict: What the answer means as a whole.
        count: How many records the request held.

    Returns:
        One verdict a record.
    """
    path = batch.results_path if batch else None
    # The id is looked for in each result: an answer without one may still hold them.
    has_results = verdict.outcome is Outcome.ACCEPTED or verdict.reason == NO_ID
    if path is None or not has_results:
        return [verdict] * count
    results = find(verdict.response, path)
    if not isinstance(results, list) or len(results) != count:
        reason = f"the answer holds no list of {count} results at results_path"
        lost = replace(verdict, outcome=Outcome.UNCERTAIN, apptivo_id=None, reason=reason)
        return [lost] * count
    return [
        replace(
            interpret_result(operation, verdict.http_status or 200, result),
            action=verdict.action,
            possible_duplicate=verdict.possible_duplicate,
        )
        for result in results
    ]
