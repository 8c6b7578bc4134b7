//! Stored events to tables: questions in SQL.
