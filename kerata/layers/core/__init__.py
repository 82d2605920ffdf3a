"""Layers that other layers and models are made with: dense, embedding, wrappers of functions."""
