"""Figures of the pipeline's results: functions from arrays and tables to matplotlib figures."""
