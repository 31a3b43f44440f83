"""The tables of the catalogue."""

from __future__ import annotations

from orp_tui.store.rebuildable import Kind

APPLICATION_ID = 0x4F525043  # "ORPC"
VERSION = 3

CATALOG = Kind(
    APPLICATION_ID,
    VERSION,
    (
        """
        CREATE TABLE state (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            changes INTEGER NOT NULL DEFAULT 0,
            event INTEGER NOT NULL DEFAULT 0,
            event_words TEXT NOT NULL DEFAULT '',
            rows TEXT NOT NULL DEFAULT '',
            folders TEXT NOT NULL DEFAULT ''
        )
        """,
        "INSERT INTO state (only_row) VALUES (1)",
        # What was read of which row of orp.db.
        """
        CREATE TABLE known (
            seq INTEGER PRIMARY KEY,
            version INTEGER NOT NULL,
            id TEXT NOT NULL
        )
        """,
        # What is asked for often stands first: SQLite reads a row as far as it must.
        """
        CREATE TABLE entry (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            submitted_at REAL NOT NULL,
            archived INTEGER NOT NULL,
            state TEXT NOT NULL,
            search TEXT NOT NULL,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            started_at REAL,
            ended_at REAL,
            reason TEXT,
            exit_code INTEGER,
            seed INTEGER,
            valid INTEGER,
            declared INTEGER NOT NULL,
            bytes INTEGER,
            starred INTEGER NOT NULL,
            is_sample INTEGER NOT NULL,
            primary_value REAL,
            primary_name TEXT,
            group_name TEXT NOT NULL,
            project TEXT NOT NULL,
            by_whom TEXT NOT NULL,
            host TEXT NOT NULL,
            zip TEXT NOT NULL,
            zip_bytes INTEGER,
            tags TEXT NOT NULL,
            note TEXT NOT NULL,
            detail TEXT,
            parent TEXT,
            retry_of TEXT,
            resume_of TEXT,
            resumed_by TEXT,
            batch TEXT,
            variant TEXT NOT NULL,
            tree TEXT,
            commit_id TEXT NOT NULL,
            file TEXT,
            imported_from TEXT NOT NULL,
            problem TEXT NOT NULL,
            configs INTEGER NOT NULL,
            metrics INTEGER NOT NULL,
            unsure INTEGER NOT NULL
        )
        """,
        "CREATE INDEX entry_by_time ON entry (submitted_at DESC, id DESC, archived)",
        "CREATE INDEX entry_by_resumed ON entry (resume_of) WHERE resume_of IS NOT NULL",
        "CREATE INDEX entry_by_parent ON entry (parent) WHERE parent IS NOT NULL",
        "CREATE INDEX entry_by_retried ON entry (retry_of) WHERE retry_of IS NOT NULL",
        "CREATE INDEX entry_by_variant ON entry (variant) WHERE is_sample",
        "CREATE INDEX entry_damaged ON entry (problem) WHERE problem <> ''",
        "CREATE INDEX entry_unsure ON entry (number) WHERE unsure > 0",
        "CREATE TABLE document (entry INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        "CREATE TABLE key (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name))",
        # As filters compare: `amount` of what reads as a number, `text` casefolded of everything.
        """
        CREATE TABLE value (
            key INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            amount REAL,
            text TEXT NOT NULL,
            PRIMARY KEY (key, entry)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE metric (
            key INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            last REAL,
            lowest REAL,
            highest REAL,
            first REAL,
            falls INTEGER NOT NULL,
            PRIMARY KEY (key, entry)
        ) WITHOUT ROWID
        """,
        "CREATE TABLE tag (text TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (text, entry)) WITHOUT ROWID",
    ),
    cache_bytes=16 << 20,
)
