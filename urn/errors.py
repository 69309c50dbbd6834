"""The one error that is the user's to mend."""


class UserError(Exception):
    """Bad input or configuration; the message is one sentence naming the thing and the fix."""
