//! Line to event: what a log line says. To read a new format, add a file, its `mod` line and its line in `FORMATS`.
