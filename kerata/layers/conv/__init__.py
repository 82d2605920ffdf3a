"""Convolutions: plain, transposed, depthwise and separable, in one to three dimensions."""
