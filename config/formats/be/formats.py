"""As in Russian; Django has none for Belarusian.

Django writes its months as after a day: лістапада 2026. Named here, they are translated in
locale/ as they stand alone: Лістапад 2026.
"""

from django.utils.translation import gettext_noop

from config.formats.ru.formats import *  # noqa: F403

_MONTHS = [
    *(gettext_noop("January"), gettext_noop("February"), gettext_noop("March")),
    *(gettext_noop("April"), gettext_noop("May"), gettext_noop("June")),
    *(gettext_noop("July"), gettext_noop("August"), gettext_noop("September")),
    *(gettext_noop("October"), gettext_noop("November"), gettext_noop("December")),
]
