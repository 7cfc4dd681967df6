"""The broker behind ``mqtt.url``: the hub's own Mosquitto, its stand-in, or the household's."""

from integrations.broker.brokers import Broker, BrokerError
from integrations.broker.choose import start_broker

__all__ = ["Broker", "BrokerError", "start_broker"]
