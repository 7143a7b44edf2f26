"""Drop folders: an old ERP puts files into a folder, and finds files there. On this machine's disk,
or on a partner's SFTP server."""
