"""What goes wrong for reasons outside the command, in one sentence that says what to do."""


class Trouble(Exception):
    """Ends a command with its sentence on stderr and exit code 1."""
