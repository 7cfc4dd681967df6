"""A port, an effect or a setting that nobody described is not finished."""

import ast
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

import hub.settings
from hub import ports
from hub.domain import effects

ROOT = Path(__file__).parents[2]


def _described(module: ModuleType) -> list[tuple[str, str | None]]:
    """Return every public class and function of a module, methods too, with its docstring."""
    assert module.__file__ is not None
    found: list[tuple[str, str | None]] = []

    def walk(node: ast.Module | ast.ClassDef, prefix: str) -> None:
        for child in node.body:
            if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if child.name.startswith("_"):
                continue
            found.append((f"{prefix}{child.name}", ast.get_docstring(child)))
            if isinstance(child, ast.ClassDef):
                walk(child, f"{prefix}{child.name}.")

    walk(ast.parse(Path(module.__file__).read_text()), "")
    return found


def _sections() -> list[type[BaseModel]]:
    found = [
        value
        for value in vars(hub.settings).values()
        if isinstance(value, type) and issubclass(value, hub.settings.Section)
    ]
    return [section for section in found if section is not hub.settings.Settings]


@pytest.mark.parametrize("module", [ports, effects], ids=lambda module: module.__name__)
def test_every_port_and_effect_is_described(module: ModuleType) -> None:
    described = _described(module)
    assert len(described) >= 5
    assert [name for name, words in described if not words] == []


def test_every_setting_is_described() -> None:
    fields = {
        f"{section.__name__}.{name}": field.description
        for section in _sections()
        for name, field in section.model_fields.items()
    }
    assert len(fields) > 30
    assert [name for name, words in fields.items() if not words] == []


def test_every_section_is_described() -> None:
    assert [section.__name__ for section in _sections() if not section.__doc__] == []
