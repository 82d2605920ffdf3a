"""Layers that prepare data: scales, and what else stands before the first trained layer."""
