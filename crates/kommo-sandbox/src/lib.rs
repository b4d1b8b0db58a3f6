//! kommo-sandbox
