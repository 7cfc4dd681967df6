"""Languages of the pages: English as written, Simplified Chinese from ``locale/``.

The catalogues are gettext's. ``script/translations`` brings them up to date with Babel; the
compiled ones are kept beside them, so that a Pi needs nothing but the standard library.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from aiohttp import web

from hub.domain.tongue import speak

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "web"
LANGUAGES = {"en": "English", "zh": "简体中文"}
"""What can be chosen, each called by its own name."""

TAGS = {"en": "en", "zh": "zh-Hans"}
"""The ``lang`` attribute of each (BCP 47)."""

COOKIE = "commonhearth_language"


def N_(text: str) -> str:
    """Mark a text for translation where it stands; it is translated where it is shown."""
    return text


@cache
def translations(language: str) -> NullTranslations:
    """Return a language's catalogue; English is what the code says."""
    if language == "en":
        return NullTranslations()
    with (LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as stream:
        return GNUTranslations(stream)


def say_in(language: str) -> None:
    """Have the hub say its own sentences in a language from now on (``hub.domain.tongue``)."""
    speak(language, translations(language).gettext)


def language_of(request: web.Request) -> str:
    """Return the language a browser chose on a page, else the first it asks for that we have."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    wanted: list[tuple[float, str]] = []
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.partition("-")[0].casefold()
        if language in LANGUAGES:
            wanted.append((_weight(weight), language))
    return max(wanted, default=(0.0, "en"), key=lambda pair: pair[0])[1]


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
