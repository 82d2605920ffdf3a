"""The engines that do the arithmetic, behind one contract (`interface.py`).

It is also the namespace where Keras has some settings and questions about dtypes; they live
higher up, and are looked for when they are first used.
"""

from kerata import lazy

_PUBLIC = {
    "backend": "kerata.core.config:backend",
    "clear_session": "kerata.utils:clear_session",
    "epsilon": "kerata.core.config:epsilon",
    "floatx": "kerata.core.config:floatx",
    "get_uid": "kerata.core.names:uid",
    "image_data_format": "kerata.core.config:image_data_format",
    "is_float_dtype": "kerata.core.dtypes:is_float_dtype",
    "is_int_dtype": "kerata.core.dtypes:is_int_dtype",
    "is_keras_tensor": "kerata.utils:is_keras_tensor",
    "result_type": "kerata.core.dtypes:result_type",
    "set_epsilon": "kerata.core.config:set_epsilon",
    "set_floatx": "kerata.core.config:set_floatx",
    "set_image_data_format": "kerata.core.config:set_image_data_format",
    "standardize_dtype": "kerata.utils:standardize_dtype",
}

__all__ = list(_PUBLIC)
__getattr__, __dir__ = lazy.names(__name__, _PUBLIC)
