"""The only reader of the environment: what a process is told from outside, and where its state lies.

Names are fixed for outsiders (`ROWCOL_*`, environment or `.env`). Time is read in `ingestion.clock`, not here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PositiveInt, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingestion.errors import UsageError
from ingestion.identifiers import check_url, is_loopback

FailPoint = Literal[
    "after_fetch", "mid_load", "after_load", "mid_models", "after_models", "mid_log", "after_log", "mid_publish", "before_swap"
]


class Settings(BaseSettings):
    """One process's settings; every path under the home is derived here and nowhere else."""

    model_config = SettingsConfigDict(env_prefix="ROWCOL_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Path(".rowcol")
    now: datetime | None = None
    control_url: str | None = None
    secret_key: SecretStr | None = None
    anchors: Path | None = None
    publish_url: SecretStr | None = None
    duckdb_memory: str = "1GB"
    duckdb_threads: int = Field(default_factory=lambda: os.cpu_count() or 2, ge=1)
    models_at_once: int = Field(2, ge=1)
    rail_limits: Literal["on", "off"] = "on"
    # NoDecode: written as the other settings are, not as JSON.
    monthly_calls: Annotated[Mapping[str, PositiveInt], NoDecode] = Field(default_factory=dict)
    receiver_url: str | None = None
    fail_at: FailPoint | None = None

    @field_validator("home", "anchors")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else value

    @field_validator("now")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs a zone, for example 2026-06-30T12:00:00Z")
        return value.astimezone(UTC) if value else value

    @field_validator("monthly_calls", mode="before")
    @classmethod
    def _by_rail(cls, value: Any) -> Any:
        """`plaid=200000,stripe=300000` by rail; which rails there are is not known here."""
        if not isinstance(value, str):
            return value
        return {rail.strip(): calls for rail, _, calls in (part.partition("=") for part in value.split(",")) if rail.strip()}

    @field_validator("receiver_url")
    @classmethod
    def _reachable(cls, value: str | None) -> str | None:
        try:
            return check_url("it", value) if value else None
        except UsageError as error:
            raise ValueError(str(error)) from None

    @property
    def warehouse_path(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def lock_path(self) -> Path:
        return self.home / "warehouse.lock"

    @property
    def raw_dir(self) -> Path:
        return self.home / "raw"

    @property
    def quarantine_dir(self) -> Path:
        return self.home / "quarantine"

    @property
    def audit_dir(self) -> Path:
        return self.home / "audit"

    @property
    def anchors_dir(self) -> Path:
        return self.anchors or self.audit_dir / "anchors"

    @property
    def published_dir(self) -> Path:
        return self.home / "published"

    @property
    def replay_dir(self) -> Path:
        return self.home / "replay"

    @property
    def sandbox_dir(self) -> Path:
        return self.home / "sandbox"

    @property
    def dlt_dir(self) -> Path:
        return self.home / "dlt"

    @property
    def dagster_dir(self) -> Path:
        return self.home / "dagster"

    @property
    def benchmarks_path(self) -> Path:
        return self.home / "benchmarks.json"

    def keeps_limits_of(self, base_url: str) -> bool:
        """Whether calls to `base_url` keep the vendor's limits: always, except to this machine with `ROWCOL_RAIL_LIMITS=off`."""
        return self.rail_limits == "on" or not is_loopback(urlsplit(base_url).hostname or "")

    def webhook_address(self, rail: str) -> str | None:
        """Where a rail's vendor is to send webhooks; None unless it is known where the receiver is reached from outside."""
        return f"{self.receiver_url}/webhooks/{rail}" if self.receiver_url else None

    @property
    def control_database_url(self) -> str:
        """SQLAlchemy URL of the control store; SQLite in the home unless told otherwise."""
        return self.control_url or f"sqlite:///{self.home / 'control.db'}"


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """Reads the environment and `.env` once per process; a malformed value is a UsageError that names the setting."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name, *within = map(str, first["loc"])
        raise UsageError(": ".join((f"ROWCOL_{name.upper()}", *within, first["msg"]))) from None


def child_environment(settings: Settings, **told: str) -> dict[str, str]:
    """The environment for a process of our own: this one's, the home as an absolute path, and `told`."""
    return {**os.environ, "ROWCOL_HOME": str(settings.home), **told}
