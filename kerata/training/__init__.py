"""Training: the loop, the data it reads, its progress display and its checks."""
