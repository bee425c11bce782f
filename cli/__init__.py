"""The `loupe` command: the same calls against a laptop and against an account."""
