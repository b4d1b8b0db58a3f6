//! kommo-account
