"""Real data sets to learn with, from a local folder, the cache or the network."""

from kerata.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    digits,
    fashion_mnist,
    flowers,
    house_votes,
    imdb,
    mammographic_masses,
    mnist,
    reuters,
    titanic,
)

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "flowers",
    "house_votes",
    "imdb",
    "mammographic_masses",
    "mnist",
    "reuters",
    "titanic",
]
