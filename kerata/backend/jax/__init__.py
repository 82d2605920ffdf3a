"""The JAX engine, the default: whole steps are compiled by XLA."""
