//! Random hex text for the secrets and the control token of one start.

use crate::error::StartError;
use crate::secrets::channel_key::lower_hex;

/// `BYTES` random bytes of the operating system, as twice as many lower-case hex digits.
pub(crate) fn random_hex<const BYTES: usize>() -> Result<String, StartError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| StartError::Random)?;
    Ok(lower_hex(&bytes))
}
