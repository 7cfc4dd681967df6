"""How often somebody may ask."""

from hub.domain.rate import MOST, Rate


def test_a_bucket_fills_again_and_forgets_who_was_silent_longest() -> None:
    rate = Rate(2, 3)
    assert [rate.allow("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [rate.allow("a", 1.0) for _ in range(3)] == [True, True, False]
    for number in range(MOST):
        rate.allow(str(number), 1.0)
    assert rate.allow("a", 1.0)
