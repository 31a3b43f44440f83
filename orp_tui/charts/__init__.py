"""Metric series drawn as text."""
