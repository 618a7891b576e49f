"""The colours of charts, report and app: one place.

Red and green stand for harm and good. They keep apart under red-green colour blindness because the green is a teal
(Machado 2009: CIE76 distance 26 or more in all three kinds, where 10 is plainly visible), and no figure says
something by colour alone: sign, side and words say it too. Text colours reach 4.5:1 on white and on the paper tint.
"""

from __future__ import annotations

NEGATIVE = "#B23A2E"
POSITIVE = "#0F766E"
NEUTRAL = "#A9B0BD"
MIXED = "#B98A2F"
ACCENT = "#4338CA"
INK = "#1E2233"
MUTED = "#5B6275"
LINE = "#DDE0EA"
TINT = "#F4F5FA"
PAPER = "#FFFFFF"

TONE = {"negative": NEGATIVE, "neutral": MUTED, "positive": POSITIVE}
SENTIMENT = {"negative": NEGATIVE, "neutral": NEUTRAL, "mixed": MIXED, "positive": POSITIVE}
FONT = "'Segoe UI', 'Helvetica Neue', 'Noto Sans', 'Noto Sans Arabic', Arial, sans-serif"
