//! What the application and the operator learn: new grants, alarms, counters.

pub(crate) mod alarm;
pub(crate) mod metrics;
