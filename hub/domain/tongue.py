"""In which language the hub says its own sentences: questions, notifications, what came of them.

They are written once, in the household's language (``home.language``), and kept as they were said:
in the log, on phones and on pages. English is what the code says; ``script/translations`` collects
it, and the catalogue of the pages holds the others.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

_WEEKDAYS_ZH = "一二三四五六日"
_language = "en"
_translate: Callable[[str], str] = str


def speak(language: str, translate: Callable[[str], str] = str) -> None:
    """Say everything in a language from now on; ``translate`` gives its text for an English one.

    It is called once, by whoever puts the hub together, before anything is said.
    """
    global _language, _translate
    _language, _translate = language, translate


def phrase(text: str, /, **blanks: object) -> str:
    """Return a sentence in the household's language, its ``{blanks}`` filled."""
    # To gettext nothing is the name of the catalogue's own head.
    said = _translate(text) if text else text
    return said.format(**blanks) if blanks else said


def later(text: str) -> str:
    """Mark a text for translation where it stands; ``phrase`` says it."""
    return text


def capital(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]


def dated(day: date, language: str) -> str:
    """Say a date in a language: ``Sat 28 Nov``."""
    if language == "zh":
        return f"{day.month}月{day.day}日周{_WEEKDAYS_ZH[day.weekday()]}"
    return f"{day:%a} {day.day} {day:%b}"


def date_text(day: date) -> str:
    """Say a date in the household's language: ``Sat 28 Nov``."""
    return dated(day, _language)


def weekday_text(day: date) -> str:
    """Say a day of the week: ``Saturday``."""
    return f"周{_WEEKDAYS_ZH[day.weekday()]}" if _language == "zh" else f"{day:%A}"


def long_date(day: date) -> str:
    """Say a date for whoever is not of the household: ``Saturday 28 November``."""
    return date_text(day) if _language == "zh" else f"{day:%A} {day.day} {day:%B}"


def near_text(day: date, today: date) -> str:
    """Say a day: ``today``, ``tomorrow``, ``Sat 28 Nov``."""
    days = (day - today).days
    if days not in (0, 1):
        return date_text(day)
    return phrase("tomorrow") if days else phrase("today")
