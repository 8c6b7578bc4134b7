//! Properties of the whole judgement, over seeded histories.
