"""Which templates need no Jinja, and that they read what Jinja would."""

import orjson
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from devices.homeassistant.message import Message, NotJson
from devices.homeassistant.plain import MISSING, Unreadable, plain, written

PAYLOAD = {"a": {"b": 21.5, "c": [1, {"d": "x"}]}, "on": True, "no": None, "s": "7.9", "n": 5}


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.a.b }}",
        "{{value_json['a']['b']}}",
        '{{ value_json["a"].b }}',
        "{{ value_json.a.c[1].d }}",
        "{{ value_json.on }}",
        "{{ value_json.no }}",
        "{{- value_json.n -}}",
        "{{ value_json.s | float }}",
        "{{ value_json.s | int }}",
        "{{ value_json.n | float }}",
        "{{ value_json.s | upper | lower }}",
        "{{ value_json.missing | default('none') }}",
        "{{ value_json.missing | default(3) }}",
        "{{ value }}",
        "{{ value | trim }}",
    ],
)
def test_a_plain_template_reads_as_jinja_writes(template):
    payload = orjson.dumps(PAYLOAD)
    read = plain(template)
    assert read is not None
    jinja = ImmutableSandboxedEnvironment().from_string(template)
    wanted = jinja.render(value=payload.decode(), value_json=PAYLOAD)
    assert written(read(Message(payload))) == wanted


def test_numbers_stay_numbers():
    assert plain("{{ value_json.b }}")(Message(b'{"b": 2}')) == 2
    assert plain("{{ value_json.b | round(1) }}")(Message(b'{"b": 2.26}')) == 2.3
    assert plain("{{ value_json.b | float | round }}")(Message(b'{"b": "2.6"}')) == 3
    assert plain("{{ value_json.b | float(0) }}")(Message(b"{}")) == 0


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.a + 1 }}",
        "{{ value_json.items }}",
        "{{ value_json.update.installed }}",
        "{% if value %}x{% endif %}",
        "{{ value_json.a }} {{ value_json.b }}",
        "{{ value_json.a | regex_replace('a', 'b') }}",
        "{{ value_json[key] }}",
        "{{ value_json.a | default(value) }}",
        "{{ value.upper() }}",
        "{{ states('sensor.x') }}",
        "plain text",
        "{{ value_json.a | round(99) }}",
        "{{ value_json['a\\'b'] }}",
    ],
)
def test_what_needs_jinja_is_left_to_it(template):
    assert plain(template) is None


def test_what_is_not_there_is_missing():
    assert plain("{{ value_json.a.b.c }}")(Message(b'{"a": {"b": 1}}')) is MISSING
    assert plain("{{ value_json.a[3] }}")(Message(b'{"a": [1]}')) is MISSING


def test_what_cannot_be_read_raises():
    with pytest.raises(Unreadable, match="expected a number"):
        plain("{{ value | float }}")(Message(b"warm"))
    with pytest.raises(NotJson):
        plain("{{ value_json.a }}")(Message(b"{"))
