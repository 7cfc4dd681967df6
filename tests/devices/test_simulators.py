"""The utility and the scale as processes over a real Mosquitto, read by the hub's conventions."""

import queue
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devices.book import DeviceBook
from devices.cap import CapNotices
from devices.native import Native
from devices.simulators.link import connect
from devices.simulators.scale import Scale
from devices.simulators.utility import Outage, as_json, as_xml
from hub.domain.noticeboard import apply, showing
from hub.domain.notices import Notice
from hub.domain.observations import AvailabilityReading, StockReading
from tests.support.mosquitto import start_mosquitto

ROOT = Path(__file__).parents[2]
PATIENCE = 20


@pytest.fixture
def broker(tmp_path):
    with start_mosquitto(tmp_path) as running:
        yield running


class Hub:
    """Reads everything the book wants."""

    def __init__(self, url):
        self.book = DeviceBook([Native(), CapNotices(["notices/#"])])
        self.messages = queue.Queue()
        self.client = connect(url)
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        granted = queue.Queue()
        self.client.on_subscribe = lambda *_: granted.put(True)
        self.client.subscribe([(wanted, 1) for wanted in self.book.filters()])
        granted.get(timeout=PATIENCE)

    def next(self, kind):
        """Return the next item of a kind that any message says."""
        while True:
            message = self.messages.get(timeout=PATIENCE)
            decoded = self.book.decode(message.topic, message.payload, datetime.now(UTC))
            for item in decoded.items:
                if isinstance(item, kind):
                    return item


@pytest.fixture
def hub(broker):
    made = Hub(broker.url)
    yield made
    made.client.disconnect()
    made.client.loop_stop()


def start(module, broker, *options):
    command = [sys.executable, "-m", f"devices.simulators.{module}", "--url", broker.url, *options]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_utility_gives_notice_and_takes_it_back(broker, hub, form):
    options = ["--service", "gas", "--in", "60", "--for", "14400", "--cancel-after", "0", *form]
    utility = start("utility", broker, *options)
    alert, cancel = hub.next(Notice), hub.next(Notice)
    assert utility.wait(PATIENCE) == 0, utility.stderr.read()
    utility.stderr.close()
    assert (alert.service, alert.msg_type, alert.areas) == ("gas", "Alert", ("Old Town",))
    assert alert.expires - alert.effective_from == timedelta(hours=4)
    assert cancel.references == (alert.ref,)
    board = dict(apply({}, alert, alert.sent).put)
    assert showing(board) == {str(alert.ref): alert}
    change = apply(board, cancel, cancel.sent)
    assert change.removed == (str(alert.ref),)


def test_the_scale_speaks_native_obeys_and_says_goodbye(broker, hub):
    scale = start("scale", broker, "--item", "rice", "--start", "1.5", "--name", "shelf")
    try:
        first = hub.next(StockReading)
        assert (first.item, first.quantity, first.unit) == ("rice", 1.5, "kg")
        assert first.phenomenon_time is not None
        hub.client.publish("scales/shelf/command", b"lots", 1)
        hub.client.publish("scales/shelf/command", b"-0.7", 1)
        assert hub.next(StockReading).quantity == 0.8
    finally:
        scale.send_signal(signal.SIGTERM)
        assert scale.wait(PATIENCE) == 0
        said = scale.stderr.read()
        scale.stderr.close()
    assert "expected a number, or a change such as +0.5, got 'lots'" in said
    while hub.next(AvailabilityReading) != AvailabilityReading("stock.shelf_rice", False):
        pass


@pytest.mark.parametrize("module", ["utility", "scale"])
def test_a_broker_that_is_not_there_is_said_in_one_line(broker, module):
    broker.stop()
    process = start(module, broker)
    assert process.wait(PATIENCE) == 1
    said = process.stderr.read().strip()
    process.stderr.close()
    assert said.startswith(f"{module}: 127.0.0.1:{broker.port}: ")
    assert "\n" not in said


def test_a_link_signs_in_leaves_a_will_and_says_why_it_was_refused(tmp_path):
    with start_mosquitto(tmp_path, username="house", password="p@ss") as broker:
        with pytest.raises(ConnectionError, match="refused"):
            connect(broker.url)
        url = broker.url.replace("mqtt://", "mqtt://house:p%40ss@")
        watcher, heard = connect(url), queue.Queue()
        watcher.on_message = lambda _client, _data, message: heard.put(message.payload)
        watcher.subscribe("gone", 1)
        leaver = connect(broker.url, "house", "p@ss", "leaver", ("gone", b"yes"))
        leaver.socket().shutdown(2)
        leaver.loop_stop()
        assert heard.get(timeout=PATIENCE) == b"yes"
        watcher.disconnect()
        watcher.loop_stop()


def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1():
    levels = []

    def old_broker(server):
        for _ in range(2):
            peer, _address = server.accept()
            with peer:
                level = peer.recv(100)[8]
                levels.append(level)
                # CONNACK: return code 1 is "unacceptable protocol version" (MQTT 3.1.1, 3.2.2.3).
                peer.sendall(bytes([0x20, 2, 0, 0 if level == 4 else 1]))
                while level == 4 and peer.recv(100):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=old_broker, args=(server,))
        thread.start()
        client = connect(f"mqtt://127.0.0.1:{server.getsockname()[1]}")
        client.disconnect()
        client.loop_stop()
        thread.join(PATIENCE)
    assert levels == [5, 4]


@pytest.mark.parametrize("url", ["http://x", "mqtt://", "x"])
def test_a_link_needs_an_mqtt_url(url):
    with pytest.raises(ValueError, match="expected mqtt"):
        connect(url)


def test_both_forms_of_a_notice_say_the_same():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    outage = Outage("water", "A & B <c>", now, now + timedelta(hours=1), "x")
    convention = CapNotices(["#"])
    one, other = (
        convention.decode("n", write(outage.alert(now)), now) for write in (as_xml, as_json)
    )
    assert one == other
    assert one.items[0].areas == ("A & B <c>",)


def test_a_scale_shows_whole_steps_and_is_never_below_nothing():
    scale = Scale("s", "rice", "kg", 1.0, 0.1)
    scale.use(0.25)
    assert scale.shown() == 0.7
    scale.command(b"-5")
    assert scale.shown() == 0
    for bad in (b"nan", b"1e99", b"\xff", b"1" * 99):
        with pytest.raises(ValueError, match="expected a number"):
            scale.command(bad)
