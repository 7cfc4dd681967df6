"""The demo: a household, its devices and its shops, each in a process of its own."""
