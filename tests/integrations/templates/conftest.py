import pytest

from integrations.templates import JinjaRenderer


@pytest.fixture(scope="module")
def renderer():
    made = JinjaRenderer(timezone="Europe/Berlin", pause=0.0)
    yield made
    made.close()
