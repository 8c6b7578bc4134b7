//! State to pages and JSON.
