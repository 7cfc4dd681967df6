"""Home Assistant's MQTT discovery, as devices speak it, without a Home Assistant."""

from devices.homeassistant.birth import Birth
from devices.homeassistant.discovery import HomeAssistantDiscovery

__all__ = ["Birth", "HomeAssistantDiscovery"]
