"""The machinery that knows no layer: specs, primitives, variables, scopes, tapes, names."""
