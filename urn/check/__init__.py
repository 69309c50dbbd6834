"""What there is to say of a dataset before and after its classifier, and what to do about it."""
