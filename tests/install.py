"""Install requirements with uv, several times faster than with pip, and with pip where it fails.

    python tests/install.py ENVIRONMENT'S-PYTHON [what `pip install` takes]

Nothing but the standard library is needed here. Neither compiles: that takes almost as long as all
the rest, and most modules are never imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from ast import literal_eval
from functools import cache
from importlib.util import find_spec

PIP = (sys.executable, "-m", "pip")
# What pip is told by its files and variables, which uv does not heed, and uv's name for it.
NAMES = {
    "cert": "SSL_CERT_FILE",
    "constraint": "UV_CONSTRAINT",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
    "no-index": "UV_NO_INDEX",
}


@cache
def uv_settings() -> dict[str, str]:
    """Give the variables by which uv finds what pip finds on this machine."""
    listed = subprocess.run(  # noqa: S603 - our own
        [*PIP, "config", "list"], check=False, capture_output=True, text=True
    )
    told = (line.partition("=") for line in listed.stdout.splitlines())
    # Later lines win; those of the variables are the last.
    values = {name.rpartition(".")[2]: literal_eval(value) for name, _, value in told}
    found = {ours: " ".join(values[name].split()) for name, ours in NAMES.items() if name in values}
    if "UV_FIND_LINKS" in found:
        found["UV_FIND_LINKS"] = found["UV_FIND_LINKS"].replace(" ", ",")
    # As pip does: the best of all indexes, whatever the first has.
    return {**found, "UV_INDEX_STRATEGY": "unsafe-best-match"}


def install(python: str, *arguments: str) -> None:
    """Install requirements into the environment of a Python.

    Raises:
        subprocess.CalledProcessError: pip could not either.
    """
    if find_spec("uv"):
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python]
        environ = {**os.environ, **uv_settings()}
        if "--constraint" in arguments:
            # As with pip, what is given takes the place of what is configured.
            environ.pop("UV_CONSTRAINT", None)
        if not subprocess.run([*uv, *arguments], check=False, env=environ).returncode:  # noqa: S603
            return
    pip = [*PIP, "--python", python, "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, *arguments], check=True)  # noqa: S603 - our own


if __name__ == "__main__":
    install(*sys.argv[1:])
