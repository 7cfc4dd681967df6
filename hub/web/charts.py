"""Pictures as SVG, drawn by pygal, which is imported when the first one is asked for.

What pygal adds of scripts and styles is taken out; the few rules of our own follow the browser's
light or dark. A picture is served as a file of its own, so its style is allowed by its hash and
the pages' policy stays as strict as it is.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.domain.stock import StockPoint

_COLOURS = (
    ("#1f6b58", "#63c3a5"),
    ("#a4481b", "#f0a27a"),
    ("#3d6b9e", "#8db8e6"),
    ("#8a6d1d", "#d9bc66"),
    ("#7a4f86", "#cfa3db"),
    ("#5b6863", "#9eaca6"),
)
"""Of each series in light and dark; more series than colours share the last."""


def _style() -> str:
    def rules(dark: int, ink: str, line: str) -> str:
        series = "".join(
            f".color-{number}{{fill:{pair[dark]};stroke:{pair[dark]}}}"
            for number, pair in enumerate(_COLOURS)
        )
        return f"text{{fill:{ink}}}.axis .line,.axis .guide{{stroke:{line}}}{series}"

    return (
        "svg{font-family:system-ui,sans-serif}text{stroke:none;font-size:13px}"
        ".background{fill:none}.axis .guide{fill:none}.nofill{fill:none;stroke-width:2.5}"
        ".subtle-fill{fill-opacity:.15}.dot{fill-opacity:1}.tooltip,.text-overlay{display:none}"
        ".axis.x text{text-anchor:middle}.axis.y text{text-anchor:end}"
        ".axis.x .guide{display:none}.legends text{font-size:13px}.bar rect{stroke-width:0}"
        ".serie-0 path{fill-opacity:.16;stroke-width:2}.forecast path{stroke-dasharray:6 5}"
        ".serie-1 path,.serie-2 path{fill:none;stroke-width:2}.axis .line{fill:none}"
        + rules(0, "#1d2724", "#d5cfc2")
        + "@media(prefers-color-scheme:dark){"
        + rules(1, "#e8edea", "#3d4a45")
        + "}"
    )


STYLE = _style()
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a picture that is opened by itself."""

_SHAPE: dict[str, Any] = {
    "js": (),
    "no_prefix": True,
    "width": 480,
    "height": 270,
    "margin": 8,
    "spacing": 8,
    "show_legend": False,
    "show_dots": False,
    "truncate_legend": 24,
    "truncate_label": 26,
    "max_scale": 5,
    "min_scale": 2,
    "include_x_axis": True,
    "no_data_text": "",
}


def _library() -> Any:
    import pygal

    return pygal


def level(
    points: Sequence[StockPoint],
    *,
    now: datetime,
    say: Callable[[datetime], str],
    hours_left: float | None,
    par: float | None,
) -> bytes:
    """Draw an item's level over the last days, and dashed when it will be used up.

    Levels hold until the next reading, so the line goes in steps. ``say`` says an instant.
    """
    pygal = _library()

    steps: list[tuple[datetime, float]] = []
    for point in points:
        if steps:
            steps.append((point.at, steps[-1][1]))
        steps.append((point.at, point.quantity))
    if steps:
        steps.append((now, steps[-1][1]))
    horizon = now + timedelta(days=7)
    chart = pygal.DateTimeLine(
        **_SHAPE,
        x_value_formatter=say,
    )
    begin = steps[0][0] if steps else now - timedelta(days=1)
    end = now
    series: list[tuple[str, list[tuple[datetime, float]]]] = [("level", steps)]
    if hours_left is not None and steps:
        left = min(hours_left, 7 * 24.0)
        end = min(now + timedelta(hours=hours_left), horizon)
        gone = steps[-1][1] * (1 - left / hours_left) if hours_left > 0 else 0.0
        series.append(("forecast", [(now, steps[-1][1]), (end, gone)]))
    else:
        series.append(("forecast", []))
    if par is not None:
        series.append(("par", [(begin, par), (end, par)]))
    chart.x_labels = [begin + (end - begin) * part / 8 for part in (1, 4, 7)]
    for number, (name, values) in enumerate(series):
        chart.add(name, values, fill=number == 0)
    return _written(chart, dashed=1)


def money(months: Sequence[str], by_provider: Mapping[str, Sequence[float]]) -> bytes:
    """Draw what was spent: a bar for each month, stacked by provider."""
    pygal = _library()

    shape = {**_SHAPE, "show_legend": True, "legend_at_bottom": True, "legend_box_size": 14}
    chart = pygal.StackedBar(**shape, x_labels=list(months))
    for name, sums in by_provider.items():
        chart.add(name, list(sums))
    return _written(chart)


def _written(chart: Any, dashed: int | None = None) -> bytes:
    """Return a chart as text, with our style in place of pygal's scripts and styles."""
    from xml.etree import ElementTree

    root = chart.render_tree()
    for parent in list(root.iter()):
        for child in list(parent):
            tag = str(child.tag).rpartition("}")[2]
            if tag in ("script", "style", "title", "desc"):
                parent.remove(child)
    for part in root.iter():
        part.attrib.pop("style", None)
        if dashed is not None and f"serie-{dashed}" in part.get("class", "").split():
            part.set("class", part.get("class", "") + " forecast")
        number = next((c for c in part.get("class", "").split() if c.startswith("color-")), "")
        if number and int(number[6:]) >= len(_COLOURS):
            part.set("class", part.get("class", "").replace(number, f"color-{len(_COLOURS) - 1}"))
    style = ElementTree.SubElement(root, "style")
    style.text = STYLE
    root.remove(style)
    root.insert(0, style)
    written: bytes = ElementTree.tostring(root, encoding="utf-8")
    return written
