"""Days as thin bars, drawn on the server: classes and attributes, no style."""

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH, PLOT, FOOT = 480, 84, 22  # units of the drawing
FONT = 15
HIGHEST_AT_LEAST = 10


def bars_of_days(days: Sequence[tuple[date, int]], *, usual: float, limit: int) -> SafeString:
    """One bar a day; a line at what is usual. Days above `limit` have another colour."""
    top = max([number for _day, number in days] + [HIGHEST_AT_LEAST])
    step = WIDTH / len(days)
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" class="{}"><title>{}: {}</title></rect>',
        (
            (
                _n(index * step),
                _n(PLOT - number * PLOT / top),
                _n(step * 0.75),
                _n(number * PLOT / top),
                "bar-1" if number > limit else "bar-0",
                date_format(day, "MONTH_DAY_FORMAT"),
                number,
            )
            for index, (day, number) in enumerate(days)
            if number
        ),
    )
    at = _n(PLOT - usual * PLOT / top)
    return format_html(
        '<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="days-title days-desc">'
        '<title id="days-title">{title}</title><desc id="days-desc">{desc}</desc>'
        '<line x1="0" x2="{width}" y1="{plot}" y2="{plot}" class="axis"/>{bars}'
        '<line x1="0" x2="{width}" y1="{at}" y2="{at}" class="line line-2" stroke-dasharray="4 3"/>'
        '<text x="0" y="{foot}" font-size="{font}" class="muted">{first}</text>'
        '<text x="{width}" y="{foot}" font-size="{font}" text-anchor="end" class="muted">{last}</text>'
        "</svg>",
        width=WIDTH,
        height=PLOT + FOOT,
        plot=PLOT,
        foot=PLOT + FOOT - 4,
        font=FONT,
        at=at,
        bars=bars,
        title=_("Cases opened on each day"),
        desc=_(
            "%(days)s days; the highest is %(top)s. The dashed line is what is usual: %(usual)s."
        )
        % {"days": len(days), "top": max(number for _day, number in days), "usual": f"{usual:g}"},
        first=date_format(days[0][0], "MONTH_DAY_FORMAT"),
        last=_("today"),
    )


def _n(number: float) -> str:
    """A number as SVG wants it, whatever the language of the page."""
    return f"{number:.1f}".removesuffix(".0")
