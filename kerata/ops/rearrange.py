"""Reshape, transpose and reshape again, written as one pattern of named dimensions."""

from __future__ import annotations

import math
import re
from typing import Any

from kerata.core.primitive import Tensor
from kerata.core.spec import Shape, shape_of
from kerata.ops.shape import reshape, transpose

Groups = list[list[str]]


def rearrange(tensor: Tensor, pattern: str, **axes_lengths: int) -> Tensor:
    """Rearrange dimensions by names, as `einops.rearrange` does.

    Args:
        tensor: tensor of any shape.
        pattern: the names of the dimensions before and after, such as `"b h w c -> b (h w) c"`.
            Names in parentheses make one dimension together; `1` is a dimension of size 1.
        axes_lengths: sizes of named dimensions that cannot be found from the shape.

    Raises:
        ValueError: if the pattern does not fit the shape, or its sides name different dimensions.

    Source: Rogozhnikov, "Einops", ICLR 2022.

    >>> import kerata
    >>> kerata.ops.rearrange([[1, 2], [3, 4]], "a b -> (b a)").tolist()
    [1, 3, 2, 4]
    """
    left, arrow, right = pattern.partition("->")
    before, after = _groups(left, pattern), _groups(right, pattern)
    names = [name for group in before for name in group]
    wanted = [name for group in after for name in group]
    if not arrow or sorted(names) != sorted(wanted) or len(set(names)) != len(names):
        raise ValueError(
            f"`rearrange` got pattern {pattern!r}; expected 'before -> after' with the same names, "
            "each once, on both sides."
        )
    sizes = _sizes(before, tuple(shape_of(tensor)), axes_lengths, pattern)
    tensor = reshape(tensor, _with_one_unknown([sizes[name] for name in names]))
    tensor = transpose(tensor, tuple(names.index(name) for name in wanted))
    return reshape(tensor, _with_one_unknown([_product(sizes, group) for group in after]))


def _groups(side: str, pattern: str) -> Groups:
    """Return the names of each dimension of one side of a pattern; none for a size of 1."""
    groups = []
    for inside, single in re.findall(r"\(([^()]*)\)|(\S+)", side):
        names = [name for name in (inside or single).split() if name != "1"]
        if not all(name.isidentifier() for name in names):
            raise ValueError(f"`rearrange` cannot read {single or inside!r} in {pattern!r}.")
        groups.append(names)
    return groups


def _sizes(groups: Groups, shape: Shape, known: dict[str, int], pattern: str) -> dict:
    """Return the size of each name; one name per dimension may be found by division."""
    if len(groups) != len(shape):
        raise ValueError(
            f"`rearrange` {pattern!r} names {len(groups)} dimensions; the shape is {shape}."
        )
    sizes: dict[str, Any] = dict(known)
    for group, size in zip(groups, shape, strict=True):
        missing = [name for name in group if name not in sizes]
        given = math.prod(sizes[name] for name in group if name in sizes)
        if len(missing) > 1 or (size is not None and size % given):
            raise ValueError(
                f"`rearrange` {pattern!r}: a dimension of size {size} is not split by the sizes "
                f"{ {name: sizes.get(name) for name in group} }. Give them as keywords."
            )
        if missing:
            sizes[missing[0]] = None if size is None else size // given
        elif size not in (given, None):
            raise ValueError(f"`rearrange` {pattern!r}: {group} is {given}, the shape {shape}.")
    return sizes


def _product(sizes: dict[str, Any], group: list[str]) -> int | None:
    found = [sizes[name] for name in group]
    return None if None in found else math.prod(found)


def _with_one_unknown(sizes: list[int | None]) -> tuple[int | None, ...]:
    """Let one unknown size be computed."""
    if sizes.count(None) == 1:
        return tuple(-1 if size is None else size for size in sizes)
    return tuple(sizes)
