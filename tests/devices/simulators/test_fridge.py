"""The fridge over a real Mosquitto, read by the hub's own convention."""

import queue
import threading
from datetime import UTC, datetime

import paho.mqtt.client as mqtt
import pytest

from devices.book import DeviceBook
from devices.homeassistant import HomeAssistantDiscovery
from devices.simulators.fridge import Fridge, run
from hub.domain.observations import AvailabilityReading, StateReading
from tests.support.mosquitto import start_mosquitto

PATIENCE = 20


@pytest.fixture
def port(tmp_path):
    with start_mosquitto(tmp_path, persistence=False) as broker:
        yield broker.port


def connected(port):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


class Hub:
    """Subscribes to what the book wants and keeps what it reads."""

    def __init__(self, port):
        self.book = DeviceBook([HomeAssistantDiscovery()])
        self.messages = queue.Queue()
        self.client = connected(port)
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        self.subscribed = set()
        self.subscribe()

    def subscribe(self):
        for wanted in self.book.filters() - self.subscribed:
            self.client.subscribe(wanted, 1)
            self.subscribed.add(wanted)

    def await_reading(self, reading):
        """Read messages until this reading was among what they say."""
        while True:
            message = self.messages.get(timeout=PATIENCE)
            now = datetime.now(UTC)
            decoded = self.book.decode(message.topic, message.payload, now, message.retain)
            self.subscribe()
            if reading in decoded.items:
                return


@pytest.fixture
def hub(port):
    made = Hub(port)
    yield made
    made.client.disconnect()
    made.client.loop_stop()


def test_it_is_read_commanded_and_says_goodbye(hub, port):
    client, stop = connected(port), threading.Event()
    fridge = threading.Thread(target=run, args=(client, Fridge("fridge"), 0.0, stop))
    fridge.start()
    try:
        hub.await_reading(StateReading("sensor.fridge_milk", 2.0, "L"))
        hub.client.publish("fridges/fridge/command", b'{"milk": 0.4}', 1)
        hub.await_reading(StateReading("sensor.fridge_milk", 0.4, "L"))
        assert hub.book.entity("binary_sensor.fridge_door").device_class == "door"
    finally:
        stop.set()
        fridge.join(PATIENCE)
    hub.await_reading(AvailabilityReading("sensor.fridge_milk", False))
    client.disconnect()
    client.loop_stop()


def test_it_is_eaten_from_as_time_goes_by(hub, port):
    client, stop = connected(port), threading.Event()
    fridge = threading.Thread(target=run, args=(client, Fridge("fridge"), 1000.0, stop))
    fridge.start()
    try:
        hub.await_reading(StateReading("sensor.fridge_milk", 0.0, "L"))
        hub.await_reading(StateReading("binary_sensor.fridge_door", "off"))
    finally:
        stop.set()
        fridge.join(PATIENCE)
    client.disconnect()
    client.loop_stop()
