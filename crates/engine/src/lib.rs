//! One order out of many sources.
