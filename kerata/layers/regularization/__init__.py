"""Layers that act in training only: dropout, noise, penalties on activity."""
