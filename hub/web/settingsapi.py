"""The API of the settings page: what hub.yaml sets, and the other files as text."""

from __future__ import annotations

from aiohttp import web

from hub.domain.backups import BackupState
from hub.web.backend import About
from hub.web.operations import Answer, Operation
from hub.web.settingspages import Part, parts
from hub.web.site import site_of
from hub.web.textapi import TextOperations


async def _settings(request: web.Request) -> Answer:
    return Answer(parts(site_of(request).backend.settings))


async def _about(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.about())


async def _backup(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.backup())


FILES = TextOperations(
    "/files",
    "File",
    "file of the household other than rules and hub.yaml",
    "is no file to be edited here; expected pantry.yaml or devices.yaml",
    "configure",
    lambda files: files.other_texts,
)

SETTINGS: tuple[Operation, ...] = (
    Operation(
        "GET", "/settings", "listSettings",
        "List what hub.yaml sets, a section each; of what opens something, only that it is set",
        "configure", _settings, Part, many=True,
    ),
    Operation(
        "GET", "/about", "getAbout", "Read what this hub is, and what waits for a restart",
        "configure", _about, About,
    ),
    Operation(
        "GET", "/backup", "getBackup", "Read how the nightly backup stands", "configure",
        _backup, BackupState,
    ),
    *FILES.operations(),
)  # fmt: skip
"""As on the pages, adults only look: a scope that reads alone does not suffice."""
