//! What the clients that sign each attempt have in common: where time and chance come from, and the
//! pauses that a peer asked for.

pub(crate) mod clock;
pub(crate) mod pace;
pub(crate) mod peer_pauses;

pub use self::clock::{Pause, SigningClock, SystemSigningClock};
pub use self::pace::Pace;
pub use self::peer_pauses::PeerHold;
