"""Attention: layers that mix values by how well queries fit keys."""
