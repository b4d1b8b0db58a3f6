//! kommo-explain
