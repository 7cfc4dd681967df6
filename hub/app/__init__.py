"""The composition root: settings in, running parts out. Only here everything knows everything."""
