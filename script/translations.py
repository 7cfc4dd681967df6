"""Bring the catalogues up to date: ``script/translations`` (needs Babel).

Texts are collected from templates and Python, those of the pages and those that the hub says
itself (``hub.domain.tongue``), catalogues updated, and compiled. Given ``--check``
nothing is written, and what is missing is told.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hub.app.readyrules import TEXTS  # noqa: E402
from hub.app.rulefields import at  # noqa: E402
from hub.domain.consent import SCHEMA  # noqa: E402
from hub.domain.yamltext import load  # noqa: E402

WEB = ROOT / "hub" / "web"
LANGUAGES = ("zh",)
_METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
_KEYWORDS: dict[str, Any] = {
    "_": None,
    "N_": None,
    "text": None,
    "sentence": None,
    "gettext": None,
    "ngettext": (1, 2),
}


_SAID = ("hub/app", "hub/domain", "hub/flow", "rules")
_SAYS: dict[str, Any] = {"phrase": None, "later": None}


def template() -> Catalog:
    """Return every text, where it stands, without a line number."""
    found = Catalog(project="commonhearth", charset="utf-8")
    for file, _, message, comments, context in extract_from_dir(
        WEB,
        _METHODS,
        _OPTIONS,
        keywords=_KEYWORDS,
        strip_comment_tags=True,
    ):
        found.add(message, None, [(file, 0)], auto_comments=comments, context=context)
    for folder in _SAID:
        for file, _, message, _, _ in extract_from_dir(
            ROOT / folder, [("**.py", "python")], keywords=_SAYS
        ):
            found.add(message, None, [(f"{folder}/{file}", 0)], flags=("python-brace-format",))
    for rule_file in sorted((ROOT / "config" / "rules").glob("*.yaml")):
        for rule in load(rule_file.read_text(), rule_file.name).data["rules"]:
            for path in TEXTS:
                if isinstance(said := at(rule, path), str):
                    found.add(said, None, [(f"config/rules/{rule_file.name}", 0)])
    for tells in SCHEMA.values():
        found.add(tells, None, [("privacy.html", 0)])
    return found


def catalogue(language: str) -> Catalog:
    """Return a language's catalogue as it is kept."""
    file = folder(language) / "web.po"
    if not file.exists():
        return Catalog(locale=language, charset="utf-8")
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def folder(language: str) -> Path:
    """Return where a language's catalogue is kept."""
    return WEB / "locale" / language / "LC_MESSAGES"


def gaps(language: str) -> list[str]:
    """Return what is wrong with a catalogue, a line each: missing, doubtful, no longer said."""
    kept, wanted = catalogue(language), template()
    found = []
    for message in wanted:
        if not message.id:
            continue
        own = kept.get(message.id, message.context)
        texts = (own.string if isinstance(own.string, tuple) else (own.string,)) if own else ("",)
        if own is None or not all(texts):
            found.append(f"missing: {message.id!r}")
        elif own.fuzzy:
            found.append(f"doubtful: {message.id!r}")
        else:
            found += [f"{message.id!r}: {error}" for error in own.check(kept)]
    found += [
        f"no longer said: {message.id!r}"
        for message in kept
        if message.id and message.id not in wanted
    ]
    return found


def compiled(language: str) -> bytes:
    """Return the catalogue as the standard library reads it."""
    out = io.BytesIO()
    write_mo(out, catalogue(language))
    return out.getvalue()


def main() -> int:
    """Update and compile, or check."""
    if "--check" not in sys.argv:
        for language in LANGUAGES:
            kept = catalogue(language)
            kept.update(template(), no_fuzzy_matching=True)
            kept.obsolete.clear()
            folder(language).mkdir(parents=True, exist_ok=True)
            with (folder(language) / "web.po").open("wb") as stream:
                write_po(stream, kept, width=100, sort_output=True, omit_header=False)
            (folder(language) / "web.mo").write_bytes(compiled(language))
    wrong = [f"{language}: {line}" for language in LANGUAGES for line in gaps(language)]
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
