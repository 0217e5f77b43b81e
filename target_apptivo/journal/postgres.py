"""A journal in PostgreSQL: one connection, whose session holds the run's lock.

The connection is never renewed: a new one would not have the lock, and would not say so.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from target_apptivo.journal.failures import opening, refused

_CONNECTION: dict[str, Any] = {
    "connect_timeout": 10,
    "application_name": "target-apptivo",
    # A server that is gone is noticed within a minute.
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
# The other side of it: a host that is gone lets go of the lock. A tap may be quiet for long, and a
# commit that is not on the disk is none.
_SESSION = text("""
    SELECT set_config(wanted.name, wanted.value, false)
    FROM (VALUES
        ('tcp_keepalives_idle', '30', NULL),
        ('tcp_keepalives_interval', '10', NULL),
        ('tcp_keepalives_count', '3', NULL),
        ('idle_session_timeout', '0', NULL),
        ('statement_timeout', '0', NULL),
        ('synchronous_commit', 'on', 'off')
    ) AS wanted (name, value, instead_of)
    JOIN pg_settings USING (name)
    WHERE wanted.instead_of IS NULL OR pg_settings.setting = wanted.instead_of
""")
_READ_ONLY = text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
_SCHEMA = text("SELECT current_schema()")
_PATH_TO_NONE = text("SELECT current_setting('search_path') WHERE current_schema() IS NULL")
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:number)")
# What is said where there is no connection, the more special first; the words themselves are not
# repeated, for they may name anything.
_REFUSALS = {
    "password authentication failed": "PostgreSQL refuses its user or password",
    "no password supplied": "PostgreSQL asks for a password: add it",
    "no pg_hba.conf entry": "PostgreSQL takes no connection from here as this user (pg_hba.conf)",
    "certificate": "PostgreSQL and this URL do not agree on TLS (sslmode, certificates)",
    "SSL": "PostgreSQL and this URL do not agree on TLS (sslmode, certificates)",
    "invalid": "has an option in its query that PostgreSQL does not take",
    "does not exist": "PostgreSQL has no such database or user: make it first",
    "starting up": "PostgreSQL is just starting: try again",
    "shutting down": "PostgreSQL is shutting down: start it",
    "too many": "PostgreSQL has no connection left: end some",
}


class PostgresStore:
    """A database, and the session that has the lock.

    Attributes:
        location: Where it is, for the log, without a password: what is connected to, once it is,
            for libpq's variables and services may say that.
    """

    def __init__(self, url: URL) -> None:
        """Take a URL."""
        self._url = url.set(drivername="postgresql+psycopg")
        plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
        self.location = plain.render_as_string()

    def make(self) -> None:
        """Make no database: its owner does."""

    def connect(self, *, read_only: bool) -> Connection:
        """Connect, once.

        Raises:
            SettingsError: If there is no driver, no server, or it takes us not.
        """
        engine = self._engine()
        try:
            connection = engine.connect()
        except (DBAPIError, TypeError, ValueError) as error:
            words = str(error)
            found = (refusal for part, refusal in _REFUSALS.items() if part in words)
            self._locate(getattr(error, "orig", None))
            raise refused(next(found, f"no PostgreSQL answers at {self.location}")) from None
        self._locate(connection.connection.driver_connection)
        with opening(), connection.begin():
            connection.execute(_SESSION)
            if read_only:
                connection.execute(_READ_ONLY)
            path = connection.scalar(_PATH_TO_NONE)
        if path is not None:
            connection.close()
            raise refused(
                f"PostgreSQL has no schema of search_path ({path}) that its user may use: make it, "
                "let the user use it, or name another with ?options=-csearch_path%3DNAME"
            )
        return connection

    def is_foreign(self, connection: Connection) -> bool:  # noqa: ARG002
        """Take any database: tables of other names are no matter."""
        return False

    def tune(self, connection: Connection) -> None:
        """Change nothing more: the session is what it should be."""

    def try_lock(self, connection: Connection) -> bool:
        """Take the run's lock, unless another has it: the session's end lets go of it."""
        with connection.begin():
            schema = f"target-apptivo journal {connection.scalar(_SCHEMA)}"
            hashed = blake2b(schema.encode(), digest_size=8).digest()
            number = int.from_bytes(hashed, "big", signed=True)
            return bool(connection.scalar(_TRY_LOCK, {"number": number}))

    def close(self) -> None:
        """Do nothing: the connection's end lets go of the lock."""

    def _locate(self, driver: Any) -> None:  # noqa: ANN401 - a connection or an error of psycopg's
        """Note what was connected to, or at least tried."""
        session = getattr(driver, "pgconn", None)
        if session is None:
            return
        parts = (session.user, session.host, session.port, session.db)
        user, host, port, database = (part.decode("utf-8", "replace") for part in parts)
        plain = URL.create("postgresql", user, database=database)
        if host.startswith(("/", "@")):  # a socket
            plain = plain.update_query_dict({"host": host, "port": port})
        else:
            plain = plain.set(host=host, port=int(port) if port else None)
        self.location = plain.render_as_string()

    def _engine(self) -> Engine:
        """Load the driver."""
        defaults = {name: it for name, it in _CONNECTION.items() if name not in self._url.query}
        try:
            return create_engine(
                self._url,
                connect_args=defaults,
                poolclass=NullPool,
                hide_parameters=True,
                use_native_hstore=False,
            )
        except ImportError:
            raise refused(
                "PostgreSQL takes the extra `postgres`: pip install 'target-apptivo[postgres]'"
            ) from None
        except ArgumentError:
            raise refused("is no URL that PostgreSQL takes") from None
