"""Renders device templates in a helper process with limits on memory and time."""

from integrations.templates.renderer import JinjaRenderer

__all__ = ["JinjaRenderer"]
