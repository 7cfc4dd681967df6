"""Errors of the API as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, Field


class Problem(BaseModel):
    """Why a request was not carried out; ``detail`` is one line that a person can act on."""

    type: str = Field(default="about:blank", description="always about:blank")
    title: str = Field(description="the status in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what was wrong and what was expected")


def problem(status: int, detail: str) -> web.Response:
    """Return an error as a response."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return web.Response(
        status=status, body=body.model_dump_json().encode(), content_type="application/problem+json"
    )
