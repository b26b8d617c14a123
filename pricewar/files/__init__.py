"""Files on a disk: folders that a command writes, drafts, locks, and TOML from unknown sources."""
