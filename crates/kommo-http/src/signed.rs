//! What the clients that sign each attempt have in common: where time and chance come from, the
//! pauses that a peer asked for, when an attempt may leave, and what their failures say.

pub(crate) mod clock;
pub(crate) mod pace;
pub(crate) mod peer_pauses;
pub(crate) mod pacing;
pub(crate) mod failure_text;

pub use self::clock::{Pause, SigningClock, SystemSigningClock};
pub use self::pace::Pace;
pub use self::peer_pauses::PeerHold;
