//! Findings to incidents with a life, and to notices that are due.
