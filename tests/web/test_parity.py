"""Whatever a page lets a person do, a program can do over the API; or it is written why not."""

import re
from pathlib import Path

from hub.web.api import OPERATIONS
from hub.web.apidoor import BASE
from hub.web.app import make_app
from hub.web.openapi import document
from hub.web.parity import FORMS, PAGES_ONLY, SHOWS_NOTHING, VIEWS
from tests.web.conftest import ROOT
from tests.web.fake_backend import SECRET, FakeBackend

TEMPLATES = ROOT / "hub/web/templates"


def routed(backend: FakeBackend, *, looks: bool = False) -> set[str]:
    """Return the addresses of the pages: those that take more than a look, or those that show."""
    return {
        route.resource.canonical
        for route in make_app(backend, secret=SECRET).router.routes()
        if route.resource is not None
        and (route.method in ("GET", "HEAD")) == looks
        and not route.resource.canonical.startswith(BASE)
    }


def asked() -> set[str]:
    """Return the addresses of forms that only ask, as templates have them."""
    found = set()
    for template in TEMPLATES.iterdir():
        for form in re.findall(r"<form[^>]*>", template.read_text()):
            if 'method="post"' not in form:
                (action,) = re.findall(r'action="([^"]*)"', form)
                found.add(re.sub(r"{{[^}]*}}", "*", action))
    return found


def test_every_form_has_an_operation_or_a_reason(backend: FakeBackend) -> None:
    forms = routed(backend)
    assert forms - {*FORMS, *PAGES_ONLY} == set()
    assert set(FORMS) & set(PAGES_ONLY) == set()
    named = {re.sub(r"{[^}]*}", "*", form) for form in FORMS}
    assert asked() - named == set()
    # Nothing is kept in the table after its page is gone.
    assert {*FORMS, *PAGES_ONLY} - forms - {"/rules"} == set()


def test_every_view_has_an_operation_or_a_reason(backend: FakeBackend) -> None:
    pages = routed(backend, looks=True)
    assert pages ^ {*VIEWS, *SHOWS_NOTHING} == set()
    assert set(VIEWS) & set(SHOWS_NOTHING) == set()
    assert {name for names in VIEWS.values() for name in names} - {
        one.name for one in OPERATIONS
    } == set()


def test_every_operation_that_changes_something_stands_for_a_form() -> None:
    changing = {one.name for one in OPERATIONS if one.method != "GET"}
    named = {name for names in FORMS.values() for name in names}
    assert named - changing == set()
    # Tokens are for programs alone, and their adults make the first one on the command line.
    assert changing - named == {"makeToken", "revokeToken"}


def test_the_document_shows_both() -> None:
    whole = document()
    assert whole["x-pages-only"] == dict(PAGES_ONLY)
    decide = whole["paths"][BASE + "/suggestions/{id}/decision"]["post"]
    assert decide["x-forms"] == ["/suggestions/{id}/decision", "/a/{token}"]
    assert whole["paths"][BASE + "/about"]["get"]["x-views"] == ["/settings"]


def test_the_docs_name_every_form_without_an_operation() -> None:
    told = (Path(ROOT) / "docs/api.md").read_text()
    assert [path for path in PAGES_ONLY if f"`{path}`" not in told] == []
