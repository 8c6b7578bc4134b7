//! Labelled traffic from a seed: a hard history to try the daemon on.
