"""The options of the command line besides the SDK's, and its help: by task, with examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from singer_sdk.plugin_base import SingerCommand

if TYPE_CHECKING:
    import logging

_PURPOSE: Final = """Load a tap's records into the Apptivo CRM.

Reads Singer messages from stdin or --input, sends each record, and writes to stdout the STATE of
what is settled. Settings: --about. The log goes to stderr.
"""
# Every option that is not named here is told in the last group.
_TASKS: Final = {
    "Run": ("config", "file_input"),
    "Look before you send (changes nothing)": ("check", "fields", "preview", "plan"),
    "Send one record of each stream": ("send_test",),
    "Remember what each record became": ("journal",),
    "Rehearse without an account": ("sandbox",),
}
_OTHERS: Final = "About this program"
_EXAMPLES: Final = (
    ("try it, with nothing of Apptivo's", "tap-csv | target-apptivo --sandbox"),
    ("which settings there are", "target-apptivo --about"),
    ("are the keys right?", "target-apptivo --config config.json --check"),
    (
        "what would be sent?",
        "target-apptivo --config config.json --input messages.singer --preview",
    ),
    ("make the journal, once", "target-apptivo --config config.json --journal"),
    ("load", "tap-csv | target-apptivo --config config.json > state.jsonl"),
    ("send again what was mended", "target-apptivo --config config.json --input mended.singer"),
)


class HelpfulCommand(SingerCommand):
    """Tells its options by task, and examples behind them."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say of a file that stands alone where it belongs."""
        if extra := super().parse_args(ctx, args):
            ctx.fail(
                f"'{extra[0]}' belongs to no option: messages are named by --input, settings by "
                "--config"
            )
        return extra

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each in the group of its task."""
        told = {param.name: param.get_help_record(ctx) for param in self.get_params(ctx)}
        named = {name for names in _TASKS.values() for name in names}
        others = tuple(name for name in told if name not in named)
        for task, names in {**_TASKS, _OTHERS: others}.items():
            with formatter.section(task):
                formatter.write_dl([row for name in names if (row := told[name])])
        with formatter.section("Examples"):
            for purpose, example in _EXAMPLES:
                formatter.write(f"  # {purpose}\n  {example}\n")


def helpful(command: click.Command, logger: logging.Logger) -> HelpfulCommand:
    """Make the command of the SDK's anew, with our options besides its own."""
    return HelpfulCommand(
        name=command.name,
        callback=command.callback,
        context_settings=command.context_settings,
        params=[*command.params, *_options()],
        help=_PURPOSE,
        logger=logger,
    )


def _options() -> list[click.Option]:
    """Give the options besides the SDK's."""
    return [
        _flag("--check", "Verify the credentials with a read that changes nothing."),
        _valued(
            "--fields",
            "[APP]",
            "Print the fields of the account's apps, or of APP (leads, customers, contacts, cases, "
            "opportunities).",
        ),
        _valued(
            "--preview",
            "[N]",
            "Send nothing; print the requests of the first N records (default 3) of each stream.",
            flag_value="3",
            type=click.IntRange(min=1),
        ),
        _flag("--plan", "Say what a run would do to the whole input; change nothing anywhere."),
        _valued(
            "--send-test",
            "[STREAM]",
            "Really send the first record of each stream, or of STREAM, and no more; a delete only "
            "if STREAM names it.",
        ),
        _valued(
            "--journal",
            "[FILE]",
            "Make the journal, or add to it the ids that response records in FILE tell.",
        ),
        _flag("--sandbox", "Send to an embedded sandbox, for this run; needs no keys."),
    ]


def _flag(name: str, text: str) -> click.Option:
    """Make an option without a value."""
    return click.Option([name], is_flag=True, help=text)


def _valued(
    name: str,
    metavar: str,
    text: str,
    flag_value: str = "",
    **more: Any,  # noqa: ANN401 - click's own
) -> click.Option:
    """Make an option that may have a value."""
    return click.Option(
        [name],
        is_flag=False,
        flag_value=flag_value,
        default=None,
        metavar=metavar,
        help=text,
        **more,
    )
