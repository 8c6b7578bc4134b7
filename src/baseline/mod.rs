//! Profiles to baselines: what is normal.
