//! The verdicts on a window of hooks, in lanes.
//!
//! Each body is hashed up to its last whole block. Then its two readings part: without its line
//! end, and with it. Both are always computed, so that the time says nothing of the verdict.
//!
//! ```text
//! whole blocks in lanes ──> state ─┬─ rest           ──> MAC in lanes ──┐
//!                                  └─ rest, line end ──> MAC in lanes ──┴──> compared in constant time
//! ```

use ctutils::CtEq;
use fearless_simd::prelude::*;
use kommo_sign::BodyForm;
use zeroize::Zeroize;

use crate::ending::Ending;
use crate::hash_lanes::{HashLanes, Sha1};
use crate::hook::{HookVerdict, ReceivedHook};
use crate::lanes::{Block, Lanes, MAX_LANES};
use crate::mac_key::{MacKey, MacLanes};
use crate::received;
use crate::sha1_lanes::{State, States, states_of_rows};
use crate::window::{Messages, Order, Place, WINDOW, hash_all};

/// A window of few hooks, whose states are sooner laid out and overwritten.
const FEW: usize = 32;

/// Judges hooks, at most [`WINDOW`], into as many verdicts.
pub(crate) fn verify_window<S: Lanes>(
    simd: S,
    key: &MacKey,
    hooks: &[ReceivedHook<'_>],
    verdicts: &mut [HookVerdict],
) {
    if hooks.len() <= FEW {
        verify::<S, FEW>(simd, key, hooks, verdicts);
    } else {
        verify::<S, WINDOW>(simd, key, hooks, verdicts);
    }
}

#[inline(never)]
fn verify<S: Lanes, const N: usize>(
    simd: S,
    key: &MacKey,
    hooks: &[ReceivedHook<'_>],
    verdicts: &mut [HookVerdict],
) {
    let mut received = [State::default(); N];
    for ((hook, verdict), mac) in hooks.iter().zip(&mut *verdicts).zip(&mut received) {
        *verdict = match received::parse(hook.signature) {
            Ok(words) => {
                *mac = words;
                HookVerdict::Mismatch
            }
            Err(reason) => HookVerdict::Malformed(reason),
        };
    }
    let mut readings = Readings {
        hooks,
        start: key.inner_state(),
        with_line_end: false,
        after_whole_blocks: [State::default(); N],
        inner: [State::default(); N],
    };
    let mut judge = Judge {
        key,
        lanes: MacLanes::new(simd),
        received: &received,
        verdicts,
    };
    let without = hooks.iter().map(|hook| blocks(split_line_end(hook.body).0));
    hash_all(simd, &Order::longest_first(without), &mut readings);
    let jobs = (0..).zip(hooks).map(|(place, hook)| Job {
        place,
        form: match split_line_end(hook.body).1 {
            b"\r\n" => BodyForm::WithoutCrlf,
            b"\n" => BodyForm::WithoutLf,
            _ => BodyForm::Raw,
        },
    });
    judge.all(simd, &readings.inner, jobs);

    readings.with_line_end = true;
    let has_line_end = |hook: &ReceivedHook<'_>| !split_line_end(hook.body).1.is_empty();
    let with = hooks.iter().map(|hook| {
        let blocks = blocks(hook.body);
        if has_line_end(hook) { blocks } else { 0 }
    });
    hash_all(simd, &Order::longest_first(with), &mut readings);
    let jobs = (0..).zip(hooks).filter(|(_, hook)| has_line_end(hook));
    let form = BodyForm::Raw;
    judge.all(
        simd,
        &readings.inner,
        jobs.map(|(place, _)| Job { place, form }),
    );
    for states in [&mut readings.after_whole_blocks, &mut readings.inner] {
        Sha1::wipe(states.get_mut(..hooks.len()).unwrap_or_default());
    }
}

/// The blocks of a padded text.
const fn blocks(text: &[u8]) -> usize {
    (text.len() + 9).div_ceil(64)
}

/// Cuts one trailing CR LF or LF off.
fn split_line_end(body: &[u8]) -> (&[u8], &'static [u8]) {
    match body {
        [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
        [text @ .., b'\n'] => (text, b"\n"),
        text => (text, b""),
    }
}

/// Bodies without their line ends, from the first block; then those that have one, with it, from
/// where the readings part.
struct Readings<'a, const N: usize> {
    hooks: &'a [ReceivedHook<'a>],
    start: State,
    with_line_end: bool,
    after_whole_blocks: [State; N],
    inner: [State; N],
}

impl<'a, const N: usize> Messages<'a, Sha1> for Readings<'a, N> {
    fn text(&self, place: Place) -> &'a [u8] {
        let hook = self.hooks.get(usize::from(place));
        let body = hook.map_or(&[][..], |hook| hook.body);
        if self.with_line_end {
            body
        } else {
            split_line_end(body).0
        }
    }

    fn begin(&self, place: Place, ending: &mut Ending) -> (State, &'a [Block]) {
        let text = self.text(place);
        ending.write(text, MacKey::bits(text.len()));
        let whole = text.as_chunks().0;
        if !self.with_line_end {
            return (self.start, whole);
        }
        let taken = split_line_end(text).0.len() / 64;
        let state = self.after_whole_blocks.get(usize::from(place));
        let state = state.filter(|_| taken > 0).unwrap_or(&self.start);
        (*state, whole.get(taken..).unwrap_or_default())
    }

    fn whole_blocks_done(&mut self, place: Place, state: &State) {
        if let Some(slot) = self.after_whole_blocks.get_mut(usize::from(place)) {
            *slot = *state;
        }
    }

    fn done(&mut self, place: Place, state: &State) {
        if let Some(slot) = self.inner.get_mut(usize::from(place)) {
            *slot = *state;
        }
    }
}

/// One reading of one hook.
#[derive(Clone, Copy)]
struct Job {
    place: Place,
    form: BodyForm,
}

/// The states of the hooks of `jobs`, a lane each.
#[inline(always)]
fn states_of<S: Lanes>(simd: S, jobs: &[Job], states: &[State]) -> States<S> {
    states_of_rows(
        simd,
        #[inline(always)]
        |lane| {
            let job = jobs.get(lane);
            let state = job.and_then(|job| states.get(usize::from(job.place)));
            state.unwrap_or(&[0; 8])
        },
    )
}

/// Computes MACs and compares them.
struct Judge<'a, S: Lanes, const N: usize> {
    key: &'a MacKey,
    lanes: MacLanes<S>,
    received: &'a [State; N],
    verdicts: &'a mut [HookVerdict],
}

impl<S: Lanes, const N: usize> Judge<'_, S, N> {
    /// Judges readings by their inner digests. The reading without the line end comes before the
    /// other.
    fn all(&mut self, simd: S, inner: &[State; N], mut jobs: impl Iterator<Item = Job>) {
        let mut group = [Job {
            place: 0,
            form: BodyForm::Raw,
        }; MAX_LANES];
        loop {
            let mut count = 0;
            for (slot, job) in group.iter_mut().take(S::LANES).zip(&mut jobs) {
                *slot = job;
                count += 1;
            }
            let jobs = group.get(..count).unwrap_or_default();
            let differences = if count < Sha1::PROFITABLE {
                self.differences_alone(inner, jobs)
            } else {
                self.differences(simd, inner, jobs)
            };
            for (job, difference) in jobs.iter().zip(differences) {
                self.judge(*job, difference);
            }
            if count < S::LANES {
                return;
            }
        }
    }

    /// The bits in which each MAC differs from the received one, of all words together.
    fn differences(&mut self, simd: S, inner: &[State; N], jobs: &[Job]) -> [u32; MAX_LANES] {
        let mut differences = [0; MAX_LANES];
        simd.vectorize(
            #[inline(always)]
            || {
                self.lanes.states = states_of(simd, jobs, inner);
                self.lanes.finish(simd, self.key);
                let received = states_of(simd, jobs, self.received);
                let mut all = S::u32s::splat(simd, 0);
                for (mac, received) in self.lanes.states.iter().zip(received) {
                    all |= *mac ^ received;
                }
                if let Some(differences) = differences.get_mut(..S::LANES) {
                    all.store_slice(differences);
                }
            },
        );
        differences
    }

    fn differences_alone(&self, inner: &[State; N], jobs: &[Job]) -> [u32; MAX_LANES] {
        let mut differences = [0; MAX_LANES];
        for (all, job) in differences.iter_mut().zip(jobs) {
            let place = usize::from(job.place);
            if let (Some(inner), Some(received)) = (inner.get(place), self.received.get(place)) {
                let mut mac = self.key.mac_alone(inner);
                *all = mac
                    .iter()
                    .zip(received)
                    .fold(0, |all, (mac, received)| all | (mac ^ received));
                mac.zeroize();
            }
        }
        differences
    }

    fn judge(&mut self, job: Job, difference: u32) {
        let Some(verdict) = self.verdicts.get_mut(usize::from(job.place)) else {
            return;
        };
        let proves = difference.ct_eq(&0).to_bool();
        if proves && *verdict == HookVerdict::Mismatch {
            *verdict = HookVerdict::Proven(job.form);
        }
    }
}
