"""Pictures in files and as arrays: the names of Keras' `preprocessing.image`."""

from kerata.data.image_files import (
    array_to_img,
    img_to_array,
    load_img,
    save_img,
    smart_resize,
)

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]
