"""Days as moments, and moments in words, in the time zone of the installation."""

from calendar import monthrange
from datetime import date, datetime, time

from django.utils import timezone
from django.utils.formats import date_format


def end_of(day: date) -> datetime:
    """The last second of a day: what holds until a day holds through it."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def months_later(day: date, months: int) -> date:
    """The same day so many months on; the last of the month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_of_month(day: date) -> date:
    """The last day of the month of this day."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def to_the_second(moment: datetime) -> str:
    """A moment as the language of the page writes it, with its second and what it is off UTC."""
    at = timezone.localtime(moment)
    return date_format(at, "DATETIME_FORMAT") + date_format(at, ":s O")
