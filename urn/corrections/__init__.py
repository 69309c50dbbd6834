"""Masks that people drew to correct those that were made, and how they are laid over them."""
