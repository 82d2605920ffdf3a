"""Configurations in the form of Keras 1 and 2.

>>> import kerata
>>> kerata.legacy.saving.serialize_keras_object(kerata.activations.relu)
'relu'
"""

from kerata.core.legacy_serialization import deserialize_keras_object, serialize_keras_object

__all__ = ["deserialize_keras_object", "serialize_keras_object"]
