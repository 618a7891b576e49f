"""The report: one self-contained HTML file that an executive reads and prints."""

from feedback_nlp.report.document import render_report

__all__ = ["render_report"]
