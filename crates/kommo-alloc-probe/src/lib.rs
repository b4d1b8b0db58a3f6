//! kommo-alloc-probe
