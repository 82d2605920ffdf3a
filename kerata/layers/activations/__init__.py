"""Activation functions that are layers: with options, or with trained variables."""
