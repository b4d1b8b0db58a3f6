//! Tests of the explanations: on requests and hooks made by each wrong recipe, and on all vectors.

#![forbid(unsafe_code)]

// The attribute tells the linter that this is a test even where no function is one: here a failure
// is meant to panic.
#[cfg(test)]
mod naive;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod captures;
#[cfg(test)]
mod disconnects;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod recipes;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod secrecy;
