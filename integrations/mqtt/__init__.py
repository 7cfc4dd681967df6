"""The road in: one MQTT connection that outlives the broker, over paho-mqtt."""

from integrations.mqtt.flood import FloodGate
from integrations.mqtt.link import MqttLink
from integrations.mqtt.session import MqttSetupError

__all__ = ["FloodGate", "MqttLink", "MqttSetupError"]
