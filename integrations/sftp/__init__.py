"""A folder reached over SFTP, where backups are kept. asyncssh is loaded when it is used."""
