//! kommo-test-vectors
