"""The household's files as text: shown, checked while typed, written when nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiohttp import web

from hub.domain.values import dataclass
from hub.web.files import CannotWrite, Files, Problem, Stale, Texts
from hub.web.site import form_of, redirect, render, require_adult, signed_in, site_of


@dataclass(frozen=True, slots=True)
class Editor:
    """The pages of one kind of files.

    They are at ``place`` and a file's name, ``unknown`` is what is said where there is none of that
    name. Adults write; where ``adults_only``, they alone look.
    """

    template: str
    place: str
    unknown: str
    texts: Callable[[Files], Texts]
    adults_only: bool = False

    async def show(self, request: web.Request) -> web.Response:
        """Show a file as text."""
        self._let_in(request)
        return self._page(request)

    async def save(self, request: web.Request) -> web.Response:
        """Write a file, unless it has a mistake."""
        require_adult(request)
        site, name = site_of(request), request.match_info["name"]
        form = await form_of(request)
        given = form.get("text", "").replace("\r\n", "\n")
        try:
            problems = await self._texts(request).save(name, given, form.get("stamp", ""))
        except KeyError as unknown:
            raise web.HTTPNotFound(text=self.unknown) from unknown
        except (Stale, CannotWrite) as refused:
            return self._page(request, given=given, error=str(refused), status=409)
        if problems:
            return self._page(request, given=given, problems=problems, status=400)
        site.told.say(signed_in(request), "good", site.words(request).text("The file is saved."))
        return redirect(f"{self.place}/{name}")

    async def check(self, request: web.Request) -> web.Response:
        """Tell what is wrong with a text, for the page to show while it is typed."""
        self._let_in(request)
        form = await form_of(request)
        try:
            found = self._texts(request).check(request.match_info["name"], form.get("text", ""))
        except KeyError as unknown:
            raise web.HTTPNotFound(text=self.unknown) from unknown
        except CannotWrite as unreadable:
            raise web.HTTPConflict(text=str(unreadable)) from unreadable
        told = [{"line": one.line, "column": one.column, "message": one.message} for one in found]
        return web.json_response({"problems": told})

    def _let_in(self, request: web.Request) -> None:
        if self.adults_only:
            require_adult(request)

    def _texts(self, request: web.Request) -> Texts:
        return self.texts(site_of(request).backend.files)

    def _page(
        self,
        request: web.Request,
        *,
        given: str | None = None,
        problems: Sequence[Problem] | None = None,
        error: str = "",
        status: int = 200,
    ) -> web.Response:
        texts, name = self._texts(request), request.match_info["name"]
        try:
            kept = texts.read(name)
        except KeyError as unknown:
            raise web.HTTPNotFound(text=self.unknown) from unknown
        except CannotWrite as unreadable:
            raise web.HTTPConflict(text=str(unreadable)) from unreadable
        shown = kept.text if given is None else given
        return render(
            request,
            self.template,
            status=status,
            file=kept,
            text=shown,
            problems=texts.check(name, shown) if problems is None else problems,
            error=error,
        )
