//! Parameter tables in text.
