"""Pictures of training and its results, drawn with matplotlib (imported when used)."""

from kerata.visualization.boxes import draw_bounding_boxes, plot_bounding_box_gallery
from kerata.visualization.confusion import plot_confusion_matrix
from kerata.visualization.curves import plot_training_curves
from kerata.visualization.gallery import plot_image_gallery, plot_mosaic
from kerata.visualization.masks import draw_segmentation_masks, plot_segmentation_mask_gallery

__all__ = [
    "draw_bounding_boxes",
    "draw_segmentation_masks",
    "plot_bounding_box_gallery",
    "plot_confusion_matrix",
    "plot_image_gallery",
    "plot_mosaic",
    "plot_segmentation_mask_gallery",
    "plot_training_curves",
]
