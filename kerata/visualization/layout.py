"""Where the boxes of a diagram stand, and the ways of its arrows: a layered drawing.

Boxes stand in ranks, below all that they depend on. An arrow over several ranks passes each of
them at a place of its own, so that it goes around boxes. The order within a rank is improved by
sweeps that bring each place near the mean of its neighbours.

Source: Sugiyama, Tagawa, Toda: Methods for visual understanding of hierarchical system
structures. IEEE Transactions on Systems, Man, and Cybernetics 11 (1981).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

_SWEEPS = 24
Point = tuple[float, float]


class Place(NamedTuple):
    """A rectangle: its centre and its size."""

    x: float
    y: float
    width: float
    height: float


class Layout(NamedTuple):
    """Places by key, ways by arrow, and the size of it all; y grows downward."""

    places: dict[str, Place]
    ways: dict[tuple[str, str], list[Point]]
    width: float
    height: float


def layout_of(
    sizes: Mapping[str, Point],
    arrows: list[tuple[str, str]],
    gap: Point,
    horizontal: bool = False,
) -> Layout:
    """Return where boxes stand.

    Args:
        sizes: width and height of each box, in an order in which they compute.
        arrows: pairs of keys, from one that comes before to one that comes after.
        gap: the free space between boxes across and along the flow.
        horizontal: whether the flow goes to the right instead of downward.

    >>> layout = layout_of({"a": (10, 5), "b": (10, 5)}, [("a", "b")], gap=(2, 3))
    >>> layout.places["b"]
    Place(x=5.0, y=10.5, width=10, height=5)
    """
    across = {key: size[1] if horizontal else size[0] for key, size in sizes.items()}
    along = {key: size[0] if horizontal else size[1] for key, size in sizes.items()}
    ranks = _ranks(list(sizes), arrows)
    chains = {arrow: _chain(arrow, ranks) for arrow in arrows}
    rows = _rows(ranks, chains)
    x = _positions(rows, list(chains.values()), across, gap[0])
    y = _depths(rows, along, gap[1])
    places, ways = {}, {}
    for key in sizes:
        places[key] = Place(x[key], y[ranks[key]], across[key], along[key])
    for arrow, chain in chains.items():
        ways[arrow] = _way(chain, places, x, y, rows, along)
    width = max((p.x + p.width / 2 for p in places.values()), default=0.0)
    width = max([width, *(point[0] for way in ways.values() for point in way)])
    height = max((p.y + p.height / 2 for p in places.values()), default=0.0)
    if horizontal:
        places = {k: Place(p.y, p.x, p.height, p.width) for k, p in places.items()}
        ways = {arrow: [(b, a) for a, b in way] for arrow, way in ways.items()}
        width, height = height, width
    return Layout(places, ways, width, height)


Key = Any  # of a box; or (source, target, rank), where an arrow passes a rank


def _ranks(keys: list[str], arrows: list[tuple[str, str]]) -> dict[str, int]:
    """The rank of each box: below all its sources; sources stand just above what they feed."""
    before, after = defaultdict(list), defaultdict(list)
    for source, target in arrows:
        before[target].append(source)
        after[source].append(target)
    ranks: dict[str, int] = {}
    for key in _in_order(keys, before):
        # A source without a rank comes later: a shared layer feeds itself by way of others.
        ranks[key] = max((ranks[s] + 1 for s in before[key] if s in ranks), default=0)
    for key in keys:
        if not before[key] and after[key]:
            ranks[key] = min(ranks[target] for target in after[key]) - 1
    return ranks


def _in_order(keys: list[str], before: Mapping[str, list[str]]) -> list[str]:
    """The boxes, each after all that it depends on; an arrow back, of a shared layer, is left."""
    ordered: dict[str, None] = {}
    for first in keys:
        stack, open_keys = [first], set()
        while stack:
            key = stack[-1]
            waiting = [k for k in before[key] if k not in ordered and k not in open_keys]
            open_keys.add(key)
            if waiting:
                stack.extend(waiting)
            else:
                ordered.setdefault(stack.pop())
    return list(ordered)


def _chain(arrow: tuple[str, str], ranks: Mapping[str, int]) -> list[Key]:
    """What an arrow touches, rank by rank."""
    source, target = arrow
    between = range(ranks[source] + 1, ranks[target])
    return [source, *((source, target, rank) for rank in between), target]


def _rows(ranks: Mapping[str, int], chains: Mapping[tuple[str, str], list[Key]]) -> list[list[Key]]:
    rows: list[list[Key]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    for key, rank in ranks.items():
        rows[rank].append(key)
    for chain in chains.values():
        for passing in chain[1:-1]:
            rows[passing[2]].append(passing)
    return rows


def _positions(
    rows: list[list[Key]], chains: list[list[Key]], across: Mapping[str, float], gap: float
) -> dict[Key, float]:
    """The centre of each place across the flow."""
    near: dict[Key, list[Key]] = defaultdict(list)
    for chain in chains:
        for a, b in zip(chain, chain[1:], strict=False):
            near[a].append(b)
            near[b].append(a)
    rank = {key: i for i, row in enumerate(rows) for key in row}
    x: dict[Key, float] = {}
    for row in rows:
        _spread(row, {key: 0.0 for key in row}, x, across, gap)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for i, row in enumerate(rows) if down else reversed(list(enumerate(rows))):
            side = i - 1 if down else i + 1
            last = sweep >= _SWEEPS // 2  # then the order stays, and both sides count
            wanted = {}
            for key in row:
                others = [x[k] for k in near[key] if last or rank[k] == side]
                wanted[key] = sum(others) / len(others) if others else x[key]
            if not last:
                row.sort(key=lambda key: (wanted[key], x[key]))  # noqa: B023
            _spread(row, wanted, x, across, gap)
    left = min((x[k] - across.get(k, 0.0) / 2 for row in rows for k in row), default=0.0)
    return {key: value - left for key, value in x.items()}


def _spread(
    row: list[Key],
    wanted: Mapping[Key, float],
    x: dict[Key, float],
    across: Mapping[str, float],
    gap: float,
) -> None:
    """Place a row in its order, each as near to where it wants to be as the others allow."""
    widths = [across.get(key, 0.0) for key in row]
    steps = [(a + b) / 2 + gap for a, b in zip(widths, widths[1:], strict=False)]
    offsets = [0.0]
    for step in steps:
        offsets.append(offsets[-1] + step)
    # Without the steps, the order must not fall: pool neighbours that would (isotonic regression).
    pools: list[list[float]] = []  # sum, count
    for key, offset in zip(row, offsets, strict=True):
        pools.append([wanted[key] - offset, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    flat = [total / count for total, count in pools for _ in range(int(count))]
    x.update({key: base + offset for key, base, offset in zip(row, flat, offsets, strict=True)})


def _depths(rows: list[list[Key]], along: Mapping[str, float], gap: float) -> list[float]:
    """The centre of each rank along the flow."""
    depths, edge = [], 0.0
    for row in rows:
        size = max((along.get(key, 0.0) for key in row), default=0.0)
        depths.append(edge + size / 2)
        edge += size + gap
    return depths


def _way(
    chain: list[Key],
    places: Mapping[str, Place],
    x: Mapping[Key, float],
    y: list[float],
    rows: list[list[Key]],
    along: Mapping[str, float],
) -> list[Point]:
    """The points that an arrow goes through: straight past the ranks between its ends."""
    first, last = places[chain[0]], places[chain[-1]]
    points = [(first.x, first.y + first.height / 2)]
    for passing in chain[1:-1]:
        rank = passing[2]
        half = max(along.get(key, 0.0) for key in rows[rank]) / 2
        points += [(x[passing], y[rank] - half), (x[passing], y[rank] + half)]
    return [*points, (last.x, last.y - last.height / 2)]
