//! Shows that signing and verifying never allocate (invariant I11). Everything is in `tests/`: the
//! counting allocator is one of a test binary, never of a library that somebody could link.

#![forbid(unsafe_code)]
