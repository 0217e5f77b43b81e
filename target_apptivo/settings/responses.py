"""Where Apptivo's answers go: the setting `responses`. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from singer_sdk import typing as th

from target_apptivo.errors import SettingsError
from target_apptivo.settings.setting import setting
from target_apptivo.settings.urls import webhook_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """What becomes of Apptivo's answers."""

    emit: str = setting(
        th.StringType,
        default="none",
        choices={"none": "Nowhere", "state": "Into each STATE value", "records": "Singer records"},
        title="Emit",
        description=(
            "Where Apptivo's answers go: nowhere, into each STATE value under `target_apptivo`, or "
            "out as Singer records of streams `<stream>_responses`."
        ),
    )
    path: str | None = setting(
        th.StringType(min_length=1),
        title="Path",
        description="File for the records (emit `records`); without it they go to stdout.",
    )
    webhook_url: str | None = setting(
        th.StringType(min_length=1),
        read=webhook_url,
        title="Webhook URL",
        description="URL to which response records are POSTed as JSON arrays of up to 100.",
    )
    state_limit: int = setting(
        th.IntegerType(minimum=0),
        default=100,
        title="State limit",
        description="Most response records in one STATE value (emit `state`).",
    )

    @property
    def are_told(self) -> bool:
        """Whether anybody asked for them."""
        return self.emit != "none" or self.webhook_url is not None


def check_responses(responses: Responses, *, stdout_is_state: bool) -> None:
    """Refuse a file that nothing is written to, and records on a stdout that is stored as state.

    Raises:
        SettingsError: If that is wanted.
    """
    if responses.path and responses.emit != "records":
        problem = "needs responses.emit `records`"
        raise SettingsError("responses.path", problem)
    if responses.emit == "records" and not responses.path and stdout_is_state:
        problem = (
            "is required under Meltano, which stores a loader's stdout as state; response records "
            "have to go to a file"
        )
        raise SettingsError("responses.path", problem)
