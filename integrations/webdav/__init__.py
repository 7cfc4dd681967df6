"""A folder reached over WebDAV (RFC 4918), where backups are kept."""
