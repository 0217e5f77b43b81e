"""A tap of a few lines: each row of a CSV file as a RECORD, its columns as they are."""  # noqa: INP001 - a script

import csv
import json
import sys
from pathlib import Path

path = Path(sys.argv[1])
with path.open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
columns = {name: {"type": "string"} for name in rows[0]}
schema = {"type": "SCHEMA", "stream": path.stem, "key_properties": ["id"]}
lines = [schema | {"schema": {"properties": columns}}]
lines += [{"type": "RECORD", "stream": path.stem, "record": row} for row in rows]
print("\n".join(map(json.dumps, lines)))  # noqa: T201 - what a tap does
