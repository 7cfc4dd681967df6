"""What a browser says of its subscription, and what is no subscription."""

import pytest

from hub.domain.push import read_subscription

# RFC 8291, Appendix A: the user agent's public key and its authentication secret.
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
ENDPOINT = "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"


def test_what_a_browser_gives_is_kept() -> None:
    found = read_subscription("ada", ENDPOINT, POINT, AUTH + "==")
    assert (found.member, found.endpoint) == ("ada", ENDPOINT)
    assert (len(found.p256dh), len(found.auth)) == (65, 16)
    assert found.id == read_subscription("ben", ENDPOINT, POINT, AUTH).id
    assert found.endpoint not in found.id


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("endpoint", "http://push.example.net/x", "expected https"),
        ("endpoint", "https://", "expected https"),
        ("endpoint", "https://user:pw@push.example/", "expected https"),
        ("endpoint", "https://push.example:0/", "expected https"),
        ("endpoint", "https://[push", "expected the address"),
        ("endpoint", "https://push.example:99999/", "expected the address"),
        ("endpoint", "https://push.example/a b", "plain characters"),
        ("endpoint", "https://push.example/\r\nX: y", "plain characters"),
        ("endpoint", "https://push.example/" + "x" * 2048, "plain characters"),
        ("endpoint", "file:///etc/passwd", "expected https"),
        ("endpoint", "", "expected https"),
        ("p256dh", "ä", "base64url"),
        ("p256dh", "A" * 300, "base64url"),
        ("p256dh", AUTH, "uncompressed point"),
        ("p256dh", "A" * 87, "uncompressed point"),
        ("auth", POINT, "16 bytes"),
        ("auth", "a", "base64url"),
        ("auth", "", "16 bytes"),
    ],
)
def test_what_is_no_subscription_is_said(field: str, value: str, words: str) -> None:
    given = {"endpoint": ENDPOINT, "p256dh": POINT, "auth": AUTH, field: value}
    with pytest.raises(ValueError, match=words) as caught:
        read_subscription("ada", **given)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(("endpoint:", "keys."))
