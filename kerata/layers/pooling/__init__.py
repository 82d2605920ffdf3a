"""Layers that summarize windows or whole inputs by their largest value or their mean."""
