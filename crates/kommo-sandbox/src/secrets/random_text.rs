//! Random hex text for the secrets and the control token of one start.

use crate::error::StartError;
use crate::secrets::channel_key::lower_hex;

/// `BYTES` random bytes of the operating system, as twice as many lower-case hex digits.
pub(crate) fn random_hex<const BYTES: usize>() -> Result<String, StartError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| StartError::Random)?;
    Ok(lower_hex(&bytes))
}

/// 32 hex digits as a UUID of version 4.
pub(crate) fn as_uuid(hex: &str) -> String {
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-4{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}
