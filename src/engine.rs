//! The whole of the judgement, as one function of its inputs.
