"""Names of Keras 2, under which the present optimizers are found.

>>> import kerata
>>> kerata.optimizers.legacy.SGD is kerata.optimizers.SGD
True
"""

from kerata.optimizers.adagrad import Adagrad
from kerata.optimizers.adam import Adam
from kerata.optimizers.ftrl import Ftrl
from kerata.optimizers.optimizer import Optimizer
from kerata.optimizers.rmsprop import RMSprop
from kerata.optimizers.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop"]
