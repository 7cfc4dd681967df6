"""Home Assistant's filters and functions, as its documentation gives them."""

import pytest

from hub.ports import RenderFailure, RenderJob

CASES = [
    ("{{ '21.5' | float + 1 }}", "22.5"),
    ("{{ float('x', 0) }}", "0"),
    ("{{ 'x' | float(default=3) }}", "3"),
    ("{{ '5.9' | int }}", "5"),
    ("{{ 'x' | int(7) }}", "7"),
    ("{{ int('ff', base=16) }}", "255"),
    ("{{ 'on' | bool }}", "True"),
    ("{{ 'x' | bool(false) }}", "False"),
    ("{{ 2.675 | round(1) }}", "2.7"),
    ("{{ 2.5 | round }}", "2"),
    ("{{ 2.1 | round(0, 'ceil') }}", "3"),
    ("{{ 2.9 | round(0, 'floor') }}", "2"),
    ("{{ 2.3 | round(1, 'half') }}", "2.5"),
    ("{{ 'x' | round(1, default=0) }}", "0"),
    ("{{ is_number('3.1') }} {{ 'nan' | is_number }}", "True False"),
    ("{{ iif(1 > 0, 'a', 'b') }} {{ false | iif('a', 'b') }}", "a b"),
    ("{{ 'button_1_single' | regex_findall_index('_(\\d)_') }}", "1"),
    ("{{ 'a1b22' | regex_findall('\\d+') | to_json }}", '["1","22"]'),
    ("{{ 'Hello' | regex_match('hel', ignorecase=true) }}", "True"),
    ("{{ 'say hello' | regex_search('hello') }}", "True"),
    ("{{ 'say hello' | regex_replace('hello', 'bye') }}", "say bye"),
    ("{{ {'b': 1, 'a': 2} | to_json(sort_keys=true) }}", '{"a":2,"b":1}'),
    ("{{ ('[1, 2]' | from_json)[1] }}", "2"),
    ("{{ 'x' | from_json(default='d') }}", "d"),
    ("{{ dict(zip(['a', 'b'], [1, 2])) | to_json }}", '{"a":1,"b":2}'),
    ("{{ ['a', 'b'] | zip([1, 2]) | list | to_json }}", '[["a",1],["b",2]]'),
    ("{% for i in [1, 2, 3] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "1"),
    ("{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "13"),
    ("{{ min(3, 1) }} {{ max([1, 5]) }} {{ [4, 2] | min }}", "1 5 2"),
    ("{{ 8 | log(2) }} {{ sqrt(9) }} {{ sin(0) }}", "3.0 3.0 0.0"),
    ("{{ log(0, 2, 'none') }} {{ 'x' | sqrt('none') }}", "none none"),
    ("{{ 6 | bitwise_and(3) }} {{ bitwise_or(4, 1) }}", "2 5"),
    ("{{ 'hi' | base64_encode }} {{ 'aGk=' | base64_decode }}", "aGk= hi"),
    ("{{ 'Kitchen fridge!' | slugify }}", "kitchen_fridge"),
    ("{{ '2' | multiply(3) }} {{ '2' | add(0.5) }}", "6.0 2.5"),
    ("{{ [1, 2, 6] | average }} {{ median([1, 9, 2]) }}", "3.0 2.0"),
    ("{{ [1, 2] | contains(2) }} {{ [1, 2] is contains(3) }}", "True False"),
    ("{{ 0x0102 | pack('>H') | unpack('>B', offset=1) }}", "2"),
    ("{{ 0 | timestamp_custom('%H:%M', false) }}", "00:00"),
    ("{{ 0 | timestamp_custom('%H:%M') }}", "01:00"),
    ("{{ as_timestamp('2026-01-01T00:00:00+00:00') }}", "1767225600.0"),
    ("{{ as_timestamp('never', 5) }}", "5"),
    ("{{ as_datetime('2026-07-01 12:00:00').isoformat() }}", "2026-07-01T12:00:00+02:00"),
    ("{{ strptime('05.03.2026', '%d.%m.%Y').day }}", "5"),
    ("{{ now() > as_datetime(0) and utcnow() > as_datetime(0) }}", "True"),
    ("{{ value_json.missing }}", ""),
    ("  {{ 'stripped' }}\n", "stripped"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "wanted"), CASES)
def test_a_function_gives_what_home_assistant_gives(renderer, template, wanted):
    assert renderer.render([RenderJob(template, "{}")]) == [wanted]


def test_the_event_template_of_zigbee2mqtts_kind(renderer):
    """Its own devices send one text; the template makes an event with details of it."""
    template = (
        "{% set patterns = [{'pattern': '^(?P<button>(?:button_)?[a-z0-9]+)_(?P<action>(?:press|"
        "hold)(?:_release)?)$', 'groups': ['button', 'action']}] %}\n"
        "{% set ns = namespace(r=[('event_type', value)]) %}\n"
        "{% for p in patterns %}\n"
        "  {% set m = value | regex_findall(p.pattern) %}\n"
        "  {% if m[0] is undefined %}{% continue %}{% endif %}\n"
        "  {% set ns.r = ns.r + zip(p.groups, m[0]) | list %}\n"
        "  {% break %}\n"
        "{% endfor %}\n"
        "{{ dict(ns.r) | to_json }}"
    )
    assert renderer.render([RenderJob(template, "button_1_press_release")]) == [
        '{"event_type":"button_1_press_release","button":"button_1","action":"press_release"}'
    ]


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' | float }}",
        "{{ int('x') }}",
        "{{ 'x' | round }}",
        "{{ 'x' | from_json }}",
        "{{ log(0) }}",
        "{{ value_json.a.b }}",
        "{{ value_json.a | is_defined }}",
        "{{ states('sensor.x') }}",
    ],
)
def test_what_cannot_be_taken_is_an_error_and_not_a_guess(renderer, template):
    (result,) = renderer.render([RenderJob(template, "{}")])
    assert isinstance(result, RenderFailure)
