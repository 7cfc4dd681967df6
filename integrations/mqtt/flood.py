"""How fast one device may talk, so that a broken one cannot drown the others. Pure."""

from __future__ import annotations

MOST_KEYS = 4096


class FloodGate:
    """A bounded rate limiter a key: ``rate`` messages/s, counted over ``over`` seconds.

    A device that was quiet may send ``rate * over`` messages at once (a token bucket). At most
    ``MOST_KEYS`` keys are remembered; the one unheard for longest is forgotten first.
    """

    def __init__(self, rate: float, over: float = 10.0) -> None:
        """Raise ValueError when ``rate`` (messages/s) or ``over`` (seconds) is not positive."""
        if rate <= 0 or over <= 0:
            raise ValueError("expected a rate and a period above 0")
        self._rate = rate
        self._over = over
        self._most = max(1.0, rate * over)
        self._buckets: dict[str, _Bucket] = {}

    def allow(self, key: str, now: float) -> bool:
        """Tell whether one more message of ``key`` may pass; ``now`` is monotonic seconds."""
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            if len(self._buckets) >= MOST_KEYS:
                del self._buckets[next(iter(self._buckets))]
            bucket = _Bucket(self._most, now)
        # Put back last: the dict is in order of who was heard.
        self._buckets[key] = bucket
        left = min(self._most, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        if left >= 1.0:
            bucket.left = left - 1.0
            return True
        bucket.left = left
        if bucket.refused_at is None or now - bucket.refused_at > self._over:
            bucket.news = True
        bucket.refused_at = now
        return False

    def just_closed(self, key: str) -> bool:
        """Tell, once a flood, that ``key`` is being refused; again after ``over`` s of peace."""
        bucket = self._buckets.get(key)
        if bucket is None or not bucket.news:
            return False
        bucket.news = False
        return True


class _Bucket:
    __slots__ = ("at", "left", "news", "refused_at")

    def __init__(self, left: float, at: float) -> None:
        self.left = left
        self.at = at
        self.refused_at: float | None = None
        self.news = False


def device_of(topic: str) -> str:
    """Return what stands for the device in a topic, as MQTT does not tell who sent a message.

    ``commonhearth/v1/fridge/stock`` and ``homeassistant/sensor/fridge/config`` have it in their
    third level; of a shorter topic the whole stands for itself.
    """
    return "/".join(topic.split("/", 3)[:3])
