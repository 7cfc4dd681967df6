"""The pages: what is generated is current, links lead somewhere, commands exist, examples hold."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hub.settings import Settings

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"script/run ([a-z]+)")
_SCRIPT = re.compile(r"(?<![\w/])script/([a-z-]+)")


def _pages() -> list[Path]:
    """Return the repository's own Markdown files."""
    found = []
    for folder, names, files in os.walk(ROOT):
        names[:] = [
            name
            for name in names
            if not name.startswith(".") and name not in ("data", "node_modules", "build")
        ]
        found += [Path(folder) / file for file in files if file.endswith(".md")]
    return sorted(found)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text())
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _links(page: Path) -> Iterator[str]:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        if not re.match(r"[a-z]+:", link):
            yield link


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    dead = []
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in _anchors(target)
        ):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("program", ["settings_doc", "diagrams"])
def test_generated_pages_are_current(program: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "script" / f"{program}.py", "--check"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_scripts_the_pages_name_can_be_run() -> None:
    named = {name for page in _pages() for name in _SCRIPT.findall(page.read_text())}
    assert {"run", "test", "bench"} <= named
    missing = [name for name in named if not os.access(ROOT / "script" / name, os.X_OK)]
    assert missing == []


def test_commands_the_pages_name_exist() -> None:
    named = {name for page in _pages() for name in _COMMAND.findall(page.read_text())}
    assert {"demo", "check"} <= named
    missing = [
        name
        for name in named
        if subprocess.run(
            [sys.executable, ROOT / "run_hub.py", name, "--help"], capture_output=True
        ).returncode
        != 0
    ]
    assert missing == []


def test_the_readme_configures_a_household() -> None:
    blocks = [body for kind, body in _FENCE.findall((ROOT / "README.md").read_text()) if kind]
    settings = [YAML(typ="safe").load(body) for body in blocks if not body.startswith("[")]
    assert len(settings) >= 2
    merged: dict[str, object] = {}
    for one in settings:
        merged |= one
    assert Settings.model_validate(merged).members[0].name == "Ada"
