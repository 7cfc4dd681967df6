"""Rules: which there are, changed by form or as text, and rehearsed."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from hub.web.files import CannotWrite, Problem, RuleView, Stale, Verdict
from hub.web.i18n import N_
from hub.web.site import form_of, redirect, render, signed_in, site_of

_FIELD = "field:"
_MOST = 60


def is_adult(request: web.Request) -> bool:
    """Tell whether an adult is signed in."""
    return site_of(request).is_adult(signed_in(request).member)


def require_adult(request: web.Request) -> None:
    """Refuse whoever is not an adult. Raises HTTPForbidden."""
    if not is_adult(request):
        raise web.HTTPForbidden(text=N_("Only an adult of the household may change this."))


async def show(request: web.Request) -> web.Response:
    """Show every rule with what it waits for and when it fired last, and try one out."""
    files = site_of(request).backend.files
    subject, value = request.query.get("subject", "")[:255], request.query.get("value", "")[:200]
    verdicts, wrong = _rehearsed(request, subject, value)
    return render(
        request,
        "rules.html",
        rules=files.rules(),
        names=files.rule_files(),
        problems=[one for one in files.problems() if one.file.startswith("rules/")],
        subject=subject,
        value=value,
        verdicts=verdicts,
        wrong=wrong,
    )


def _rehearsed(
    request: web.Request, subject: str, value: str, only: str = ""
) -> tuple[Sequence[Verdict], str]:
    if not subject:
        return (), ""
    say = site_of(request).words(request)
    try:
        found = site_of(request).backend.files.rehearse(subject, value, only)
        return sorted(found, key=lambda one: not one.fired), ""
    except KeyError:
        return (), say.text("There is no pantry item and no entity of that name.")
    except ValueError as error:
        return (), str(error)


def _rule(request: web.Request) -> RuleView:
    wanted = request.match_info["id"]
    for rule in site_of(request).backend.files.rules():
        if rule.id == wanted:
            return rule
    raise web.HTTPNotFound(text=N_("There is no such rule in force."))


async def rule(request: web.Request) -> web.Response:
    """Show one rule with the form of its values."""
    return _rule_page(request, _rule(request))


def _rule_page(
    request: web.Request,
    found: RuleView,
    *,
    problems: Sequence[Problem] = (),
    given: dict[str, str] | None = None,
    error: str = "",
) -> web.Response:
    files = site_of(request).backend.files
    try:
        fields = files.rule_fields(found.id)
    except KeyError:
        fields = ()
    return render(
        request,
        "rule.html",
        status=400 if problems or error else 200,
        rule=found,
        fields=[(one.path, (given or {}).get(one.path, one.value)) for one in fields],
        problems=problems,
        error=error,
    )


async def change(request: web.Request) -> web.Response:
    """Change values of a rule in its file."""
    require_adult(request)
    site, found = site_of(request), _rule(request)
    form = await form_of(request)
    given = {
        name.removeprefix(_FIELD): value for name, value in form.items() if name.startswith(_FIELD)
    }
    if len(given) > _MOST:
        raise web.HTTPBadRequest(text=f"expected at most {_MOST} values")
    try:
        problems = await site.backend.files.change_rule(found.id, given)
    except (CannotWrite, KeyError) as error:
        return _rule_page(request, found, given=given, error=str(error))
    if problems:
        return _rule_page(request, found, problems=problems, given=given)
    site.told.say(signed_in(request), "good", site.words(request).text("The rule is changed."))
    return redirect(f"/rules/{found.id}")


async def text(request: web.Request) -> web.Response:
    """Show a file of rules as text."""
    return _text_page(request)


def _text_page(
    request: web.Request,
    *,
    given: str | None = None,
    problems: Sequence[Problem] | None = None,
    error: str = "",
    status: int = 200,
) -> web.Response:
    files, name = site_of(request).backend.files, _name(request)
    try:
        kept = files.rule_file(name)
    except KeyError as unknown:
        raise web.HTTPNotFound(text=N_("There is no such file of rules.")) from unknown
    except CannotWrite as unreadable:
        raise web.HTTPConflict(text=str(unreadable)) from unreadable
    shown = kept.text if given is None else given
    found = files.check_rules(name, shown) if problems is None else problems
    return render(
        request, "rule_text.html", file=kept, text=shown, problems=found, error=error, status=status
    )


def _name(request: web.Request) -> str:
    return request.match_info["name"]


async def save(request: web.Request) -> web.Response:
    """Write a file of rules, unless it has a mistake."""
    require_adult(request)
    site, name = site_of(request), _name(request)
    form = await form_of(request)
    given = form.get("text", "").replace("\r\n", "\n")
    try:
        problems = await site.backend.files.save_rules(name, given, form.get("stamp", ""))
    except KeyError as unknown:
        raise web.HTTPNotFound(text=N_("There is no such file of rules.")) from unknown
    except Stale as stale:
        return _text_page(request, given=given, error=str(stale), status=409)
    except CannotWrite as unwritable:
        return _text_page(request, given=given, error=str(unwritable), status=409)
    if problems:
        return _text_page(request, given=given, problems=problems, status=400)
    site.told.say(signed_in(request), "good", site.words(request).text("The file is saved."))
    return redirect(f"/rules/files/{name}")


async def check(request: web.Request) -> web.Response:
    """Tell what is wrong with a text, for the page to show while it is typed."""
    form = await form_of(request)
    try:
        problems = site_of(request).backend.files.check_rules(_name(request), form.get("text", ""))
    except KeyError as unknown:
        raise web.HTTPNotFound(text=N_("There is no such file of rules.")) from unknown
    except CannotWrite as unreadable:
        raise web.HTTPConflict(text=str(unreadable)) from unreadable
    return web.json_response(
        {
            "problems": [
                {"line": one.line, "column": one.column, "message": one.message} for one in problems
            ]
        }
    )
