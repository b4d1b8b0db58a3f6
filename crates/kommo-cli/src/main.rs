//! kommo
fn main() {}
