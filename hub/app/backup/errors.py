"""How a backup fails."""


class BackupError(Exception):
    """A backup cannot be made, opened or put back; the text is one line and says why."""
