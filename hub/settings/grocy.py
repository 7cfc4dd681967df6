"""Grocy: the shopping lists that are read of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from hub.settings.section import Section

ListNumber = Annotated[int, Field(ge=1, le=1_000_000)]


class GrocySettings(Section):
    """A Grocy in the home, whose shopping lists join the next basket."""

    url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        max_length=500,
        description="where its pages are, e.g. http://grocy.local:9283; none: it is not read",
    )
    key_file: Path | None = Field(
        default=None,
        description="file with an API key, made in Grocy under Manage API keys",
    )
    shopping_lists: tuple[ListNumber, ...] = Field(
        default=(1,),
        max_length=20,
        description="numbers of the lists whose open items join the next basket; 1 is Grocy's own",
    )
    every: int = Field(
        default=5, ge=1, le=1440, description="minutes between two looks at whether it changed"
    )

    @model_validator(mode="after")
    def _reachable(self) -> GrocySettings:
        if self.url is not None and self.key_file is None:
            raise ValueError("expected a key_file beside url: the file with an API key of Grocy")
        if self.url is None and self.key_file is not None:
            raise ValueError("key_file: expected url, too: where Grocy is")
        return self

    @property
    def lists(self) -> tuple[str, ...]:
        """Return the names of its lists among all of the household's, ``grocy.1``."""
        if self.url is None:
            return ()
        return tuple(f"grocy.{number}" for number in dict.fromkeys(self.shopping_lists))
