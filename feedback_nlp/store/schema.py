"""The tables as they are now. How an older database gets here is told by ``migrations``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy import false as sa_false

# Byte order in both databases: "the smallest id" and every sorted result must not depend on a server's locale.
Words = Text().with_variant(Text(collation="C"), "postgresql")


class Instant(TypeDecorator[datetime]):
    """A moment: kept in UTC without a zone, given back with one."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write UTC."""
        return None if value is None else naive_utc(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def naive_utc(moment: datetime) -> datetime:
    """Return the moment in UTC without a zone; one that names no zone is taken as it is."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


metadata = MetaData()

migration = Table(
    "migration",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False),
    Column("applied_at", Instant, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),  # exactly one row
    Column("data_version", BigInteger, nullable=False),
    Column("erasure_key", Words),  # random; keys the hashes of who was erased
    # Whether people were erased whose bytes may still be in the files.
    Column("wipe_due", Boolean, nullable=False, server_default=sa_false()),
)

ingest_run = Table(
    "ingest_run",
    metadata,
    Column("run_id", Integer, primary_key=True),
    Column("file_name", Words, nullable=False),
    Column("file_hash", Words, nullable=False),
    Column("settings", Words, nullable=False),  # JSON
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("state", Words, CheckConstraint("state IN ('running', 'done', 'failed')"), nullable=False),
    Column("counts", Words, nullable=False),  # JSON
    Column("process", Words, nullable=False),  # who runs it, to tell a dead run from a long one
)

score_scale = Table(
    "score_scale",
    metadata,
    Column("name", Words, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("minimum", Double, nullable=False),
    Column("maximum", Double, nullable=False),
    Column("higher_is_better", Boolean, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("feedback_id", Words, primary_key=True),
    Column("response_id", Words, nullable=False),
    Column("external_id", Words),
    Column("customer_id", Words),
    Column("source", Words, nullable=False),
    Column("channel", Words),
    Column("question", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("created_at", DateTime),
    Column("text", Words, nullable=False),  # redacted
    Column("is_non_answer", Boolean, nullable=False),
    Column("non_answer", Words),  # its kind
    Column("asides", Words, nullable=False, server_default="[]"),  # JSON [[start, end, kind], ...]
    Column("scores", Words, nullable=False),  # JSON, name -> number
    Column("segments", Words, nullable=False),  # JSON, column -> value
    Column("facts", Words, nullable=False, server_default="{}"),  # JSON, see ``facts``
    # How much the response counts.
    Column("weight", Double, CheckConstraint("weight > 0"), nullable=False, server_default="1"),
    Column("duplicate_key", Words, nullable=False),
    Column("duplicate_of", Words),
    Column("duplicate_kind", Words, CheckConstraint("duplicate_kind IN ('exact', 'near')")),
    # Whether it has been compared with the others: a new or changed row has not.
    Column("is_compared", Boolean, nullable=False, server_default=sa_false()),
    Column("content_hash", Words, nullable=False),
    Column("run_id", ForeignKey("ingest_run.run_id"), nullable=False),  # the run that last changed the row
    Index("feedback_duplicates", "duplicate_key", "question", "feedback_id"),
)
_not_compared = ~feedback.c.is_compared
Index("feedback_not_compared", feedback.c.feedback_id, sqlite_where=_not_compared, postgresql_where=_not_compared)
_is_duplicate = feedback.c.duplicate_of.is_not(None)
Index("feedback_duplicate_of", feedback.c.duplicate_of, sqlite_where=_is_duplicate, postgresql_where=_is_duplicate)

near_key = Table(  # feedback that shares a key answers the same question and may be a near-duplicate
    "near_key",
    metadata,
    Column("near_key", BigInteger, nullable=False),
    Column("feedback_id", ForeignKey("feedback.feedback_id", ondelete="CASCADE"), nullable=False, index=True),
    PrimaryKeyConstraint("near_key", "feedback_id"),
    sqlite_with_rowid=False,
)

erased = Table(  # people who were erased and must not come back with an old file; a keyed hash, never the id
    "erased",
    metadata,
    Column("customer_hash", Words, primary_key=True),
    Column("erased_at", Instant, nullable=False),
)

statement = Table(
    "statement",
    metadata,
    Column("statement_id", Words, primary_key=True),
    Column("feedback_id", ForeignKey("feedback.feedback_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("text_hash", Words, nullable=False, index=True),
    Column("sentiment", Double),  # -1..1
    Column("sentiment_label", Words),
    Column("sentiment_confidence", Double),
    Column("sentiment_scorer", Words),
    Column("emotions", Words),  # JSON, name -> probability of those found; null when the scorer does not look for them
    Column("intents", Words),  # the same
)

encoder = Table(
    "encoder",
    metadata,
    Column("encoder_key", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("revision", Words, nullable=False),
    Column("weights_sha256", Words, nullable=False),
    Column("dimensions", Integer, nullable=False),
    Column("pooling", Words, nullable=False),
    Column("prefix", Words, nullable=False),
)

vector = Table(
    "vector",
    metadata,
    Column("encoder_key", ForeignKey("encoder.encoder_key"), nullable=False),
    Column("text_hash", Words, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # little-endian float16, one after the other
    PrimaryKeyConstraint("encoder_key", "text_hash"),
)

tone = Table(  # what sentiment needs of a text beyond its vector
    "tone",
    metadata,
    Column("tone_key", Words, nullable=False),  # of the encoder and of what reads its inner states
    Column("text_hash", Words, nullable=False),
    Column("tone", LargeBinary, nullable=False),  # little-endian float16, one after the other
    PrimaryKeyConstraint("tone_key", "text_hash"),
)

codebook = Table(
    "codebook",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("created_at", Instant, nullable=False),
    Column("encoder_key", ForeignKey("encoder.encoder_key"), nullable=False),
    Column("settings", Words, nullable=False),  # JSON
    Column("reason", Words, nullable=False),
    Column("arrays", LargeBinary, nullable=False),  # safetensors
    # The version that a discovery or an import published and that edits are laid on: a base is its own.
    Column("base_version", Integer, nullable=False, server_default="0"),
    Column("kind", Words, CheckConstraint("kind IN ('fit', 'import', 'edit')"), nullable=False, server_default="fit"),
    Column("base_arrays", Words, nullable=False, server_default="[]"),  # JSON, names of arrays that are the base's
    # Whether all statements are tagged with it, so that readers may see it.
    Column("is_ready", Boolean, nullable=False, server_default=sa_false()),
)

codebook_theme = Table(
    "codebook_theme",
    metadata,
    Column("version", ForeignKey("codebook.version"), nullable=False),
    Column("theme_id", Words, nullable=False),
    Column("position", Integer, nullable=False),  # arrays are aligned to this order
    Column("label", Words, nullable=False),
    Column("level", Integer, CheckConstraint("level IN (1, 2)"), nullable=False),
    Column("parent_id", Words),
    Column("state", Words, CheckConstraint("state IN ('candidate', 'active', 'retired')"), nullable=False),
    Column("threshold", Double, nullable=False),
    Column("keywords", Words, nullable=False),  # JSON, language -> words
    Column("definition", Words, nullable=False),
    Column("quote_ids", Words, nullable=False),  # JSON list of statement ids
    Column("n_statements", Integer, nullable=False),
    Column(
        "source",
        Words,
        CheckConstraint("source IN ('discovered', 'guided', 'person')"),
        nullable=False,
        server_default="discovered",
    ),
    Column(
        "label_source",
        Words,
        CheckConstraint("label_source IN ('phrases', 'llm', 'codebook', 'person')"),
        nullable=False,
        server_default="phrases",
    ),
    Column("stability", Double),  # 0..1
    Column("is_emerging", Boolean, nullable=False, server_default=sa_false()),
    PrimaryKeyConstraint("version", "theme_id"),
)

lineage = Table(
    "lineage",
    metadata,
    Column("lineage_id", Integer, primary_key=True),
    Column("version", ForeignKey("codebook.version"), nullable=False, index=True),
    Column("theme_id", Words, nullable=False),
    Column(
        "event",
        Words,
        CheckConstraint("event IN ('born', 'continued', 'retired', 'split', 'merged')"),
        nullable=False,
    ),
    Column("other_theme_id", Words),
    Column("reason", Words, nullable=False),
)

theme_edit = Table(
    "theme_edit",
    metadata,
    Column("edit_id", Integer, primary_key=True),
    Column("theme_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("payload", Words, nullable=False),  # JSON
    Column("author", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("undone_at", Instant),
    Column("undone_by", Words),
    Column("examples", LargeBinary),  # safetensors: vectors of the statements that the payload names, see ``edits``
)

tag = Table(
    "tag",
    metadata,
    Column("codebook_version", ForeignKey("codebook.version"), nullable=False),
    Column("statement_id", ForeignKey("statement.statement_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("best_theme_id", Words),
    Column("best_similarity", Double, nullable=False),
    Column("unthemed_reason", Words),
    Column("margin", Double),
    Column("review", Words),  # why a person should look at it
    Column("facets", Words, nullable=False, server_default="{}"),  # JSON, facet -> value
    PrimaryKeyConstraint("codebook_version", "statement_id"),  # a version is read as one range
    sqlite_with_rowid=False,
)

mention = Table(  # what the model says; what people say is in theme_edit and laid on when it is read
    "mention",
    metadata,
    Column("codebook_version", ForeignKey("codebook.version"), nullable=False),
    Column("statement_id", ForeignKey("statement.statement_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("theme_id", Words, nullable=False),
    Column("confidence", Double, nullable=False),
    PrimaryKeyConstraint("codebook_version", "statement_id", "theme_id"),
    sqlite_with_rowid=False,
)

action = Table(  # what teams do about themes
    "action",
    metadata,
    Column("action_id", Integer, primary_key=True),
    Column("theme_id", Words, nullable=False, index=True),
    Column("title", Words, nullable=False),
    Column("owner", Words, nullable=False, server_default=""),
    Column("hypothesis", Words, nullable=False, server_default=""),
    Column("since", Words),  # ISO date
    Column("due", Words),  # ISO date
    Column("state", Words, CheckConstraint("state IN ('planned', 'doing', 'done', 'dropped')"), nullable=False),
    Column("effort", Integer, CheckConstraint("effort BETWEEN 1 AND 5")),
    Column("segments", Words, nullable=False, server_default="{}"),  # JSON, segment -> values
    Column("control_theme_id", Words),
    Column("author", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
)

call_back = Table(  # what becomes of the call to a customer; gone with the feedback
    "call_back",
    metadata,
    Column("feedback_id", ForeignKey("feedback.feedback_id", ondelete="CASCADE"), primary_key=True),
    Column("owner", Words, nullable=False, server_default=""),
    Column("due", Words),  # ISO date
    Column("state", Words, CheckConstraint("state IN ('open', 'reached', 'not_reached', 'declined')"), nullable=False),
    Column("author", Words, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
