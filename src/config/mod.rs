//! What the file says to what it means, with errors that point.
