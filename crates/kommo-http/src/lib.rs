//! kommo-http
