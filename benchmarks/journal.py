"""Make a journal that knows so many records: python -m benchmarks.journal URL ROWS."""

from __future__ import annotations

import json
import sys

from benchmarks.harness import record
from target_apptivo.apptivo.endpoints import CREATE_LEAD
from target_apptivo.apptivo.operation import Content, Operation
from target_apptivo.apptivo.rules import LoadMethod, Mapped, Rules
from target_apptivo.apptivo.template import Template
from target_apptivo.journal.digest import key_text
from target_apptivo.journal.journal import Journal
from target_apptivo.journal.steps import Place, Remember
from target_apptivo.jsontext import loads

ACCOUNT = "benchmark"
_GROUP = 1_000
_RULES = Rules(
    operation=Operation(
        endpoint=CREATE_LEAD.name,
        method="POST",
        url=Template((f"{CREATE_LEAD.path}?a=save",)),
        content=Content.JSON,
    ),
    row=CREATE_LEAD,
    load_method=LoadMethod.UPSERT,
)


def known(number: int) -> Remember:
    """Tell that Apptivo took a record, as a run tells it."""
    place = Place(CREATE_LEAD.name, "leads", key_text({"number": number}))
    attributes = loads(json.dumps(record(number)))  # as a tap's line is read
    shaped = Mapped(attributes=attributes, place=place).shape(_RULES)
    return Remember(
        place=place,
        apptivo_id=str(number + 1),
        taken=shaped.content,
        shown=shaped.content,
        is_created=True,
        whole=shaped.fingerprint,
    )


def main() -> None:
    """Make it."""
    url, rows = sys.argv[1], int(sys.argv[2])
    Journal.make(url, ACCOUNT)
    journal = Journal.open(url, account=ACCOUNT)
    journal.claim(CREATE_LEAD.name, "leads", ["number"])
    for start in range(0, rows, _GROUP):
        journal.carry_out([known(number) for number in range(start, min(start + _GROUP, rows))])
    journal.close()


if __name__ == "__main__":
    main()
