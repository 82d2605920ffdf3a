"""Known gaps: what an engine cannot do, with the reason. Not bugs of ours, nor to be hidden."""

from __future__ import annotations

# JAX has 64-bit types only in its 64-bit mode; without it 32-bit ones stand in for them.
NO_64_BIT = ("jax",)

_LAPACK = "the engine has no decompositions in half precision; cast to float32"

# (primitive, backend, dtype or "gradient") -> reason; "*" stands for every backend
GAPS: dict[tuple[str, str, str], str] = {
    **{
        (name, "*", "bfloat16"): _LAPACK
        for name in (
            "cholesky", "qr", "singular_vectors", "singular_values", "eigh", "eig", "lu_factor",
            "inv", "solve_matrix", "solve_triangular_matrix", "det", "slogdet",
        )
    },
    ("segment_prod", "jax", "gradient"): "JAX has no gradient of products by scattered indices",
}  # fmt: skip


def gap(name: str, backend: str, dtype: str) -> str | None:
    """Return why a primitive does not work, `None` if it does."""
    for engine in (backend, "*"):
        if reason := GAPS.get((name, engine, dtype)):
            return reason
    return None
