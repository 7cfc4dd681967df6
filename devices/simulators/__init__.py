"""Simulated devices and services, each its own process, that speak over real MQTT."""
