"""What is kept: feedback, statements, vectors, codebooks and mentions, in SQLite or PostgreSQL."""

from feedback_nlp.store.codebooks import StoredCodebook
from feedback_nlp.store.ingest import UpsertCounts
from feedback_nlp.store.store import Store

__all__ = ["Store", "StoredCodebook", "UpsertCounts"]
