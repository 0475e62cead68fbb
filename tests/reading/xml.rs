//! Templates that make XML.
