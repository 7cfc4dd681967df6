"""What every MessageSource promises (``hub.ports``), whatever broker is behind it.

A test class inherits from MessageSourceContract and gives the fixture ``broker``; ``settings`` are
those of the link. ``names_redelivery`` is false where the broker sends again without the DUP flag,
``any_order`` where it takes acknowledgements for those of the oldest messages.
"""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from tests.support.mqtt import Address, Sink, linked, publish


class MessageSourceContract:
    settings: ClassVar[dict[str, Any]] = {}
    names_redelivery: ClassVar[bool] = True
    any_order: ClassVar[bool] = True

    def test_what_was_subscribed_to_arrives_in_order_and_nothing_else(
        self, broker: Address
    ) -> None:
        sink = Sink()
        with linked(broker, sink, "a/+/c", "d/#", acknowledge=True, **self.settings):
            publish(broker, "a/b/c", *(f"{n}" for n in range(20)))
            publish(broker, "a/b", b"elsewhere")
            publish(broker, "d/e/f", b"last")
            sink.wait(b"last")
        assert sink.payloads == [*(b"%d" % n for n in range(20)), b"last"]
        first = sink.messages[0]
        assert (first.topic, first.qos, first.dup, first.retain, first.size) == (
            "a/b/c",
            1,
            False,
            False,
            0,
        )
        assert first.mid > 0
        assert first.connection == 1
        assert first.received_at.utcoffset() is not None

    def test_what_was_not_acknowledged_comes_again_and_the_rest_does_not(
        self, broker: Address
    ) -> None:
        before = Sink()
        with linked(broker, before, "a/#", **self.settings) as link:
            publish(broker, "a", *(f"{n}" for n in range(6)))
            before.wait(b"5")
            link.ack([message for message in before.messages if message.payload in (b"0", b"1")])
            link.ack([before.messages[3 if self.any_order else 2]])
        assert before.connections == [(1, False)]

        after = Sink()
        with linked(broker, after, "a/#", **self.settings) as link:
            publish(broker, "a", b"new")
            after.wait(b"new")
            link.ack(after.messages)
        assert after.connections == [(1, True)]
        assert sorted(after.payloads) == [b"2" if self.any_order else b"3", b"4", b"5", b"new"]
        if self.names_redelivery:
            mids = {message.payload: message.mid for message in before.messages}
            again = [message for message in after.messages if message.payload != b"new"]
            assert [(m.dup, m.mid) for m in again] == [(True, mids[m.payload]) for m in again]

        at_last = Sink()
        with linked(broker, at_last, "a/#", **self.settings):
            publish(broker, "a", b"end")
            at_last.wait(b"end")
        assert at_last.payloads == [b"end"]

    def test_messages_of_an_earlier_connection_are_not_acknowledged_on_a_later_one(
        self, broker: Address
    ) -> None:
        sink = Sink()
        with linked(broker, sink, "a", **self.settings) as link:
            publish(broker, "a", b"x")
            sink.wait(b"x")
            link.stop()
            old = sink.messages.pop()
            link.start()
            sink.wait(b"x")
            link.ack([old])
        assert old.connection == 1
        assert sink.messages[0].connection == 2

        after = Sink()
        with linked(broker, after, "a", **self.settings):
            after.wait(b"x")

    def test_what_came_while_it_was_away_is_kept(self, broker: Address) -> None:
        with linked(broker, Sink(), "a", **self.settings):
            pass
        publish(broker, "a", *(f"{n}" for n in range(30)))
        sink = Sink()
        with linked(broker, sink, "a", acknowledge=True, **self.settings):
            sink.wait(b"29")
        assert sink.payloads == [b"%d" % n for n in range(30)]

    def test_filters_are_added_and_dropped_while_it_runs(self, broker: Address) -> None:
        sink = Sink()
        with linked(broker, sink, "a", **self.settings) as link:
            publish(broker, "b", b"retained", retain=True)
            link.subscribe(["b", "a"])
            assert sink.wait(b"retained")[0].retain
            link.unsubscribe(["a", "never/subscribed"])
            link.subscribe(["c"])
            publish(broker, "c", b"1", retain=True)
            sink.wait(b"1")
            publish(broker, "a", b"unheard")
            publish(broker, "b", b"2")
            sink.wait(b"2")
        assert b"unheard" not in sink.payloads

    def test_what_it_publishes_arrives_in_order_from_any_thread(self, broker: Address) -> None:
        sink = Sink()
        with (
            linked(broker, sink, "out/#", acknowledge=True, **self.settings, client_id="ear"),
            linked(broker, Sink(), **self.settings) as link,
        ):

            def speak(name: str) -> None:
                for n in range(50):
                    link.publish(f"out/{name}", b"%d" % n, qos=n % 2)

            threads = [threading.Thread(target=speak, args=(name,)) for name in "xy"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            link.publish("out/z", b"end")
            sink.wait(b"end")
        for name in "xy":
            mine = [int(m.payload) for m in sink.messages if m.topic == f"out/{name}"]
            assert [n for n in mine if n % 2] == list(range(1, 50, 2))
        assert len(sink.messages) == 101

    def test_a_retained_message_stays_and_an_empty_one_removes_it(self, broker: Address) -> None:
        with linked(broker, Sink(), **self.settings) as link:
            link.publish("kept", b"state", retain=True)
            link.publish("gone", b"state", retain=True)
            link.publish("gone", b"", retain=True)
        sink = Sink()
        with linked(broker, sink, "kept", "gone", **self.settings, client_id="ear"):
            publish(broker, "kept", b"end")
            sink.wait(b"end")
        assert [(m.topic, m.payload, m.retain) for m in sink.messages] == [
            ("kept", b"state", True),
            ("kept", b"end", False),
        ]
