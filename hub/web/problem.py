"""Errors of the API as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, Field


class Fault(BaseModel):
    """A mistake in a file of the household's; line and column count from 1."""

    file: str = Field(description="by its name in the folder of settings")
    line: int
    column: int
    expected: str = Field(description="what is wrong there and what was expected")


class Problem(BaseModel):
    """Why a request was not carried out; ``detail`` is one line that a person can act on."""

    type: str = Field(default="about:blank", description="always about:blank")
    title: str = Field(description="the status in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what was wrong and what was expected")
    mistakes: list[Fault] = Field(
        default=[], description="where a text that was sent is wrong; only then"
    )


def problem(status: int, detail: str, mistakes: Sequence[Fault] = ()) -> web.Response:
    """Return an error as a response."""
    body = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, mistakes=list(mistakes)
    )
    written = body.model_dump_json(exclude=None if mistakes else {"mistakes"})
    return web.Response(
        status=status, body=written.encode(), content_type="application/problem+json"
    )
