//! Bytes to lines with positions: files that grow, rotate and vanish.
