"""The API of files that are edited as text: listed, read, checked and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiohttp import web
from pydantic import Field

from hub.domain.scopes import Scope
from hub.domain.values import dataclass
from hub.domain.yamltext import Problem as Found
from hub.web.files import BIGGEST_FILE, Files, Stale, Texts
from hub.web.operations import Answer, Input, Mistaken, Operation, read_body
from hub.web.problem import Fault
from hub.web.site import site_of


@dataclass(frozen=True, slots=True)
class TextFileName:
    """A file, by its name in the household's folder, or in ``rules/``."""

    name: str


@dataclass(frozen=True, slots=True)
class TextFileView:
    """A file with its text; one that is not there yet is empty. Writing asks for ``version``."""

    name: str
    text: str
    version: str


class TextBody(Input):
    """A text that a file could have."""

    text: str = Field(max_length=BIGGEST_FILE, description="the whole file, YAML")


class TextFileBody(TextBody):
    """A text for a file, and the version it was made from."""

    version: str = Field(max_length=128, description="as it was read; an older one refuses")


def sound(problems: Sequence[Found]) -> None:
    """Raise Mistaken where something is wrong; nothing was written then."""
    if problems:
        raise Mistaken(_faults(problems))


def _faults(problems: Sequence[Found]) -> list[Fault]:
    return [
        Fault(file=one.file, line=one.line, column=one.column, expected=one.message)
        for one in problems
    ]


@dataclass(frozen=True, slots=True)
class TextOperations:
    """The operations on one kind of files.

    They are at ``path``, named after ``word`` and called ``what``; ``unknown`` is said of a name
    that none of them can have. Looking takes ``looks``, writing always ``configure``.
    """

    path: str
    word: str
    what: str
    unknown: str
    looks: Scope
    texts: Callable[[Files], Texts]

    def operations(self) -> tuple[Operation, ...]:
        """Return the rows of the API."""
        one = f"{self.path}/{{name}}"
        return (
            Operation(
                "GET", self.path, f"list{self.word}s", f"List the {self.what}s", self.looks,
                self._list, TextFileName, many=True,
            ),
            Operation(
                "GET", one, f"get{self.word}", f"Read a {self.what} with its version", self.looks,
                self._read, TextFileView, errors=(404,), conflicts=True,
            ),
            Operation(
                "PUT", one, f"write{self.word}",
                f"Write a {self.what}, unless it has a mistake or has changed since it was read",
                "configure", self._write, TextFileView, body=TextFileBody, errors=(404,),
                conflicts=True,
            ),
            Operation(
                "POST", f"{one}/check", f"check{self.word}",
                f"List what would be wrong if a {self.what} had this text; nothing is written",
                self.looks, self._check, Fault, many=True, body=TextBody, errors=(404,),
                conflicts=True,
            ),
        )  # fmt: skip

    def _of(self, request: web.Request) -> Texts:
        return self.texts(site_of(request).backend.files)

    def _not_there(self, name: str) -> web.HTTPNotFound:
        return web.HTTPNotFound(text=f"{name[:80]!r} {self.unknown}")

    async def _list(self, request: web.Request) -> Answer:
        return Answer([TextFileName(name) for name in self._of(request).names()])

    async def _read(self, request: web.Request) -> Answer:
        name = request.match_info["name"]
        try:
            kept = self._of(request).read(name)
        except KeyError:
            raise self._not_there(name) from None
        return Answer(TextFileView(kept.name, kept.text, kept.stamp))

    async def _check(self, request: web.Request) -> Answer:
        body, name = await read_body(request, TextBody), request.match_info["name"]
        try:
            return Answer(_faults(self._of(request).check(name, body.text)))
        except KeyError:
            raise self._not_there(name) from None

    async def _write(self, request: web.Request) -> Answer:
        body, name = await read_body(request, TextFileBody), request.match_info["name"]
        try:
            sound(await self._of(request).save(name, body.text, body.version))
        except KeyError:
            raise self._not_there(name) from None
        except Stale as stale:
            said = f"version: {name} has changed since; read it again"
            raise web.HTTPConflict(text=said) from stale
        return await self._read(request)
