"""Charts in a notebook: drawn where the notebook runs, so that nothing is fetched, in the size of the report."""

from __future__ import annotations

import altair as alt


def use_in_notebook(width: int = 640) -> None:
    """Show all further charts of this process as SVG, ``width`` pixels wide without their axes.

    Altair's own way has the browser fetch scripts from the network. Undone by
    ``altair.renderers.enable("default")`` and ``altair.theme.enable("default")``.
    """

    @alt.theme.register("feedback-nlp", enable=True)
    def sized() -> alt.theme.ThemeConfig:
        return alt.theme.ThemeConfig(config={"view": {"continuousWidth": width, "discreteWidth": width}})

    alt.renderers.enable("svg")
