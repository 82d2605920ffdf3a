"""Pictures of training and its results, drawn with matplotlib (imported when used)."""

from kerata.visualization.confusion import plot_confusion_matrix
from kerata.visualization.curves import plot_training_curves
from kerata.visualization.gallery import plot_image_gallery, plot_mosaic

__all__ = ["plot_confusion_matrix", "plot_image_gallery", "plot_mosaic", "plot_training_curves"]
