//! Notices to people: letters, SMTP and the outbox with its retries.
