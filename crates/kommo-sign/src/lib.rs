//! kommo-sign
