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
use kommo_sign::BodyForm;
use zeroize::Zeroize;

use crate::ending::{self, Waiting};
use crate::hash_lanes::{HashLanes, Sha1Lanes};
use crate::hook::{HookVerdict, ReceivedHook};
use crate::lanes::Lanes;
use crate::mac_key::{Mac, MacKey};
use crate::received;
use crate::window::{Order, Place, WINDOW, absorb_whole_blocks};

/// Judges hooks, at most [`WINDOW`], into as many verdicts.
pub(crate) fn verify_window<S: Lanes>(
    simd: S,
    key: &MacKey,
    hooks: &[ReceivedHook<'_>],
    verdicts: &mut [HookVerdict],
) {
    let mut received = [[0; 5]; WINDOW];
    for ((hook, verdict), mac) in hooks.iter().zip(&mut *verdicts).zip(&mut received) {
        *verdict = match received::parse(hook.signature) {
            Ok(words) => {
                *mac = words;
                HookVerdict::Mismatch
            }
            Err(reason) => HookVerdict::Malformed(reason),
        };
    }
    let mut states = [[0; 5]; WINDOW];
    let states = states.get_mut(..hooks.len()).unwrap_or_default();
    states.fill(key.inner);
    let text = |place: usize| {
        let hook = hooks.get(place);
        hook.map_or(&[][..], |hook| split_line_end(hook.body).0)
    };
    let order = Order::longest_first((0..hooks.len()).map(|place| text(place).len() / 64));
    absorb_whole_blocks::<S, Sha1Lanes<S>>(
        simd,
        &order,
        |place| text(usize::from(place)).as_chunks().0,
        states,
    );
    let mut judge = Judge {
        key,
        states,
        received: &received,
        verdicts,
        mac: [0; 5],
    };
    let mut waiting = [Waiting::<Job>::of(1), Waiting::of(2)];
    for (place, hook) in (0..).zip(hooks) {
        let (text, line_end) = split_line_end(hook.body);
        let rest = text.as_chunks::<64>().1;
        let without = Job {
            place,
            form: match line_end {
                b"\r\n" => BodyForm::WithoutCrlf,
                b"\n" => BodyForm::WithoutLf,
                _ => BodyForm::Raw,
            },
        };
        judge.add(simd, &mut waiting, without, rest, b"", text.len());
        if !line_end.is_empty() {
            let form = BodyForm::Raw;
            let with = Job { place, form };
            judge.add(simd, &mut waiting, with, rest, line_end, hook.body.len());
        }
    }
    for waiting in &mut waiting {
        judge.end(simd, waiting);
    }
    judge.mac.zeroize();
    judge.states.as_flattened_mut().zeroize();
}

/// Cuts one trailing CR LF or LF off.
fn split_line_end(body: &[u8]) -> (&[u8], &'static [u8]) {
    match body {
        [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
        [text @ .., b'\n'] => (text, b"\n"),
        text => (text, b""),
    }
}

/// One reading of one hook.
#[derive(Clone, Copy)]
struct Job {
    place: Place,
    form: BodyForm,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            place: 0,
            form: BodyForm::Raw,
        }
    }
}

struct Judge<'a> {
    key: &'a MacKey,
    states: &'a mut [[u32; 5]],
    received: &'a [Mac; WINDOW],
    verdicts: &'a mut [HookVerdict],
    mac: Mac,
}

impl Judge<'_> {
    fn add<S: Lanes>(
        &mut self,
        simd: S,
        waiting: &mut [Waiting<Job>; 2],
        job: Job,
        rest: &[u8],
        line_end: &[u8],
        bytes: usize,
    ) {
        let blocks = ending::blocks(rest.len() + line_end.len());
        let Some(waiting) = waiting.get_mut(blocks - 1) else {
            return;
        };
        if let Some(ending) = waiting.add(job) {
            ending::write(ending, rest, line_end, MacKey::bits(bytes));
        }
        if waiting.len() == Sha1Lanes::<S>::MESSAGES {
            self.end(simd, waiting);
        }
    }

    /// The MACs and verdicts of all that wait.
    fn end<S: Lanes>(&mut self, simd: S, waiting: &mut Waiting<Job>) {
        let messages = waiting.messages();
        let alone = waiting.len() < Sha1Lanes::<S>::PROFITABLE;
        let mut lanes = Sha1Lanes::idle(simd);
        if !alone {
            for (lane, job) in waiting.jobs().iter().enumerate() {
                if let Some(state) = self.states.get(usize::from(job.place)) {
                    lanes.put(lane, state);
                }
            }
            lanes.absorb(simd, &messages, waiting.blocks());
            lanes.0 = self.key.macs(simd, lanes.0);
        }
        for (lane, (job, message)) in waiting.jobs().iter().zip(messages).enumerate() {
            let state = self.states.get(usize::from(job.place)).copied();
            self.mac = if alone {
                self.key.mac_alone(state.unwrap_or_default(), message)
            } else {
                lanes.state(lane)
            };
            self.judge(*job);
        }
        lanes.wipe();
        waiting.clear();
    }

    /// Whether `self.mac` proves a reading. The reading without the line end comes before the
    /// other.
    fn judge(&mut self, job: Job) {
        let place = usize::from(job.place);
        let (Some(received), Some(verdict)) =
            (self.received.get(place), self.verdicts.get_mut(place))
        else {
            return;
        };
        let proves = self.mac.as_slice().ct_eq(received.as_slice()).to_bool();
        let open = *verdict == HookVerdict::Mismatch
            || (matches!(verdict, HookVerdict::Proven(_)) && job.form != BodyForm::Raw);
        if proves && open {
            *verdict = HookVerdict::Proven(job.form);
        }
    }
}
