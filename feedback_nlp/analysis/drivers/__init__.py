"""What moves a score: contributions that add up, with their intervals."""

from feedback_nlp.analysis.drivers.table import Drivers, drivers

__all__ = ["Drivers", "drivers"]
