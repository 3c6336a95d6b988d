"""What a trained model is compared by."""

import typing

import numpy as np


class Case(typing.NamedTuple):
    """appcore-model predict FILE OPTIONS has to answer with these predictions."""
    file: str
    options: typing.List[str]
    predictions: np.ndarray
    bound: typing.Optional[np.ndarray] = None  # the difference allowed for each row; none is a difference of 0 bits


class Trained(typing.NamedTuple):
    features: int
    thresholds: typing.Dict[int, list]   # {column: what it is compared with}
    categories: typing.Dict[int, int]    # {column: how many categories, or other integers}
    missing: bool                        # takes rows with missing values
    cases: typing.Callable               # rows: the cases
