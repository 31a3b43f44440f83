"""The schema, as named steps that are never edited after a release.

Each step runs once, in the transaction that records it in `user_version`.
"""

from __future__ import annotations

_FIRST = (
    """
    CREATE TABLE store (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        store_id TEXT NOT NULL,
        host_id TEXT NOT NULL,
        created_at REAL NOT NULL
    )
    """,
    """
    CREATE TABLE run (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'starting', 'running', 'finishing',
            'succeeded', 'incomplete', 'failed', 'cancelled', 'lost')),
        attempt INTEGER NOT NULL DEFAULT 0,
        priority INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0,
        submitted_at REAL NOT NULL,
        started_at REAL,
        ended_at REAL,
        cancel_requested_at REAL,
        cancel_by TEXT,
        exit_code INTEGER,
        signal INTEGER,
        reason TEXT,
        detail TEXT,
        artifacts TEXT NOT NULL DEFAULT 'none',
        finaliser_tries INTEGER NOT NULL DEFAULT 0,
        not_before REAL,
        workspace TEXT NOT NULL DEFAULT 'isolated',
        project TEXT NOT NULL DEFAULT '',
        retry_of TEXT,
        deliverables_valid INTEGER,
        deliverables_total INTEGER NOT NULL DEFAULT 0,
        config_sha256 TEXT NOT NULL DEFAULT '',
        version INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX run_by_state ON run (state, priority DESC, seq)",
    "CREATE INDEX run_by_name ON run (name, seq)",
    """
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id TEXT NOT NULL,
        at REAL NOT NULL,
        actor TEXT NOT NULL,
        kind TEXT NOT NULL,
        detail TEXT
    )
    """,
    "CREATE INDEX event_by_run ON event (run_id, seq)",
    "CREATE TABLE idempotency (key TEXT PRIMARY KEY, run_id TEXT NOT NULL)",
    "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id TEXT NOT NULL,
        event_seq INTEGER NOT NULL,
        target TEXT NOT NULL,
        payload TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        next_at REAL NOT NULL,
        done_at REAL,
        error TEXT
    )
    """,
)

_QUEUE = (
    "ALTER TABLE run ADD COLUMN group_name TEXT NOT NULL DEFAULT 'default'",
    "ALTER TABLE run ADD COLUMN position REAL NOT NULL DEFAULT 0",
    "ALTER TABLE run ADD COLUMN starts_at REAL",
    "ALTER TABLE run ADD COLUMN needs TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE run ADD COLUMN locks TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE run ADD COLUMN after TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE run ADD COLUMN cards TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE run ADD COLUMN batch TEXT",
    "ALTER TABLE run ADD COLUMN seed INTEGER",
    "ALTER TABLE run ADD COLUMN retry INTEGER NOT NULL DEFAULT 0",
    "UPDATE run SET position = seq",
    "DROP INDEX run_by_state",
    "CREATE INDEX run_by_state ON run (state, priority DESC, position, seq)",
    "CREATE INDEX run_by_config ON run (config_sha256, state)",
    """
    CREATE TABLE queue_group (
        name TEXT PRIMARY KEY,
        slots INTEGER CHECK (slots IS NULL OR slots >= 0),
        paused TEXT
    )
    """,
)

_FILES = (
    "ALTER TABLE run ADD COLUMN experiment_file TEXT",
    "CREATE INDEX run_by_file ON run (experiment_file, seq)",
)

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("runs, events, settings, outbox", _FIRST),
    ("groups, places, resources, dependencies", _QUEUE),
    ("the file that described a run", _FILES),
)
"""Name and statements of each step, oldest first; the schema's number is how many were run."""
