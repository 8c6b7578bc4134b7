//! Profile against baseline or policy to findings. To add a detector, add a file, its `mod` line and its line in `DETECTORS`.
