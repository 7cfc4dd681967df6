"""Device conventions over MQTT, decoded to observations and notices (pure)."""
