"""The nouns of the house: frozen dataclasses and transition tables, without any I/O."""
