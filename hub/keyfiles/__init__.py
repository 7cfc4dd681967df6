"""Files that are nobody else's: keys, passwords, topics; written whole, read only where private."""
