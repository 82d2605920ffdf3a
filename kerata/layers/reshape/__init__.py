"""Layers that move values about: flatten, permute, crop, pad, repeat."""
