"""Rules: which there are, changed by form or as text, and rehearsed."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from hub.web.files import CannotWrite, Problem, RuleView, Verdict
from hub.web.i18n import N_
from hub.web.site import form_of, redirect, render, require_adult, signed_in, site_of
from hub.web.textpages import Editor

_FIELD = "field:"
_MOST = 60


async def show(request: web.Request) -> web.Response:
    """Show every rule with what it waits for and when it fired last, and try one out."""
    files = site_of(request).backend.files
    subject, value = request.query.get("subject", "")[:255], request.query.get("value", "")[:200]
    verdicts, wrong = _rehearsed(request, subject, value)
    return render(
        request,
        "rules.html",
        rules=files.rules(),
        names=files.rule_texts.names(),
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


FILES = Editor(
    "rule_text.html",
    "/rules/files",
    N_("There is no such file of rules."),
    lambda files: files.rule_texts,
)
"""Files of rules as text: everybody reads them, adults write."""
