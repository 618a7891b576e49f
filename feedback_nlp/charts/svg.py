"""Charts as inline SVG, for pages without scripts. Nothing is fetched."""

from __future__ import annotations

import re
from typing import Any

import altair as alt

from feedback_nlp.records import stable_hash


def to_svg(chart: alt.Chart | alt.LayerChart, *, width: int = 640, label: str = "") -> str:
    """Return the chart as an SVG element that scales with its column; ``label`` is read out by screen readers.

    ``width`` is that of the plot in pixels, without axes. Ids come from the content, so that several charts can stand
    in one page and the same chart is the same text.
    """
    import vl_convert

    spec: dict[str, Any] = chart.properties(width=width).to_dict()
    version = "_".join(alt.SCHEMA_VERSION.split(".")[:2])
    svg = vl_convert.vegalite_to_svg(spec, vl_version=version, allowed_base_urls=[])
    svg = re.sub(r"\s(?:aria-[a-z]+|role)=\"[^\"]*\"", "", svg)
    svg = _with_own_ids(svg)
    box = re.search(r'<svg[^>]*\bwidth="([\d.]+)" height="([\d.]+)"', svg)
    if box:
        scaled = f'style="max-width:{float(box[1]):g}px;width:100%;height:auto"'
        svg = svg.replace(f'width="{box[1]}" height="{box[2]}"', scaled, 1)
    return svg.replace("<svg", f'<svg role="img" aria-label="{_attribute(label)}"', 1)


def _with_own_ids(svg: str) -> str:
    """Replace the renderer's ids, which count up through the life of the process."""
    found = list(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg)))
    for place, name in enumerate(found):
        svg = re.sub(rf'(\bid="|url\(#|href="#){re.escape(name)}(?=["\)])', rf"\g<1>@{place}", svg)
    return re.sub(r'(\bid="|url\(#|href="#)@', rf"\g<1>c{stable_hash(svg, size=4)}-", svg)


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
