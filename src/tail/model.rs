//! All that can happen to a log, in any order: what was written comes out once.
