"""The engines that do the arithmetic, behind one contract (`interface.py`)."""
