//! What handlers did, line by line in one file that all processes append to, and the judgement of
//! it.
//!
//! ```text
//!   begin 3 17 2 801   the handler of the second attempt at hook 17 of conversation 3 began; its
//!                      number in the inbox is 801
//!   end 3 17 2 801     it is done; only after this line the attempt is settled
//!   later 3 17 2 801   it is to be tried again
//! ```
//!
//! A hook is claimed only after its predecessor was settled under the lease of the last attempt. So
//! between `begin` of a hook and the `end` before it there is this law: of the predecessor, the
//! attempt that began last has ended. A settlement under a lease that had ended breaks it. An
//! attempt that begins after a later one at the same hook is that of a worker which was stopped
//! between its claim and its handler: no lease can prevent it, and it changes nothing.

use alloc::collections::{BTreeMap, BTreeSet};
use core::str::FromStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::failure::{Result, failure};

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    End,
    Later,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::End => "end",
            Self::Later => "later",
        }
    }
}

/// A hook: its conversation, and its number there, in the order of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HookName {
    pub(crate) conversation: usize,
    pub(crate) number: u64,
}

impl HookName {
    /// The id of its message.
    pub(crate) fn id(self) -> String {
        format!("{}-{}", self.conversation, self.number)
    }

    pub(crate) fn of_id(id: &str) -> Result<Self> {
        let parts = id.split_once('-').ok_or_else(|| unreadable(id))?;
        Ok(Self {
            conversation: number(parts.0)?,
            number: number(parts.1)?,
        })
    }
}

fn number<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| unreadable(text))
}

fn unreadable(text: &str) -> crate::failure::Failure {
    failure(format!("the ledger has {text:?}"))
}

/// The end of a ledger that this process writes.
pub(crate) struct Ledger(File);

impl Ledger {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(Self(
            OpenOptions::new().append(true).create(true).open(path)?,
        ))
    }

    /// One write: lines of several processes do not mix.
    pub(crate) fn note(&self, step: Step, hook: HookName, attempt: u32, id: i64) -> Result<()> {
        let HookName {
            conversation,
            number,
        } = hook;
        let line = format!("{} {conversation} {number} {attempt} {id}\n", step.name());
        Ok((&self.0).write_all(line.as_bytes())?)
    }
}

/// What the ledger shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Hooks that were handled.
    pub(crate) handled: u64,
    /// Attempts that were begun.
    pub(crate) attempts: u64,
    /// Attempts that began or ended after a later one at the same hook had begun: their
    /// settlements must have been refused.
    pub(crate) late_attempts: u64,
    /// Hooks that were answered 200 and never handled.
    pub(crate) lost: u64,
    /// Hooks that were first handled after a later one of their conversation, or again after it.
    pub(crate) out_of_order: u64,
    /// Hooks that were settled by an attempt that was not the last.
    pub(crate) settled_late: u64,
    /// Hooks that were two entries.
    pub(crate) twice: u64,
    /// The lines of a conversation up to its first flaw.
    pub(crate) evidence: Option<String>,
}

/// The last hook of a conversation that was begun.
struct Current {
    number: u64,
    attempt: u32,
    has_ended: bool,
}

/// Judges a ledger: `answered` are the hooks that were answered 200.
pub(crate) fn judge(path: &Path, answered: &BTreeSet<HookName>) -> Result<Judgement> {
    judge_text(&fs::read_to_string(path)?, answered)
}

fn judge_text(text: &str, answered: &BTreeSet<HookName>) -> Result<Judgement> {
    let mut judgement = Judgement::default();
    let mut conversations: BTreeMap<usize, Current> = BTreeMap::new();
    // The number in the inbox, and the last attempt.
    let mut known: BTreeMap<HookName, (i64, u32)> = BTreeMap::new();
    let mut handled = BTreeSet::new();
    for line in text.lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let [step, conversation, hook, attempt, id] = parts.as_slice() else {
            return Err(unreadable(line));
        };
        let (conversation, attempt, id) = (number(conversation)?, number(attempt)?, number(id)?);
        let name = HookName {
            conversation,
            number: number(hook)?,
        };
        let current = conversations.get_mut(&conversation);
        match *step {
            "begin" => {
                judgement.attempts += 1;
                let before = known.insert(name, (id, attempt));
                let is_another = before.is_some_and(|(own, _)| own != id);
                if let Some(last) = before.filter(|(own, last)| *own == id && attempt <= *last) {
                    known.insert(name, last);
                    judgement.late_attempts += 1;
                    continue;
                }
                let other = current.filter(|one| one.number != name.number);
                let is_earlier = other.as_ref().is_some_and(|one| name.number < one.number);
                let is_late = other.is_some_and(|one| !one.has_ended);
                judgement.twice += u64::from(is_another);
                judgement.out_of_order += u64::from(is_earlier);
                judgement.settled_late += u64::from(is_late);
                if is_another || is_earlier || is_late {
                    let evidence = || lines_of(conversation, text, line);
                    judgement.evidence.get_or_insert_with(evidence);
                }
                let begun = Current {
                    number: name.number,
                    attempt,
                    has_ended: false,
                };
                conversations.insert(conversation, begun);
            }
            "end" => {
                handled.insert(name);
                match current {
                    Some(last) if (last.number, last.attempt) == (name.number, attempt) => {
                        last.has_ended = true;
                    }
                    _ => judgement.late_attempts += 1,
                }
            }
            "later" => {}
            _ => return Err(unreadable(line)),
        }
    }
    judgement.handled = u64::try_from(handled.len())?;
    judgement.lost = u64::try_from(answered.difference(&handled).count())?;
    Ok(judgement)
}

/// The lines of this conversation, up to and with this line.
fn lines_of(conversation: usize, text: &str, last: &str) -> String {
    let of_it = format!(" {conversation} ");
    let is_of_it = |line: &&str| {
        line.find(' ')
            .is_some_and(|at| line.get(at..).is_some_and(|rest| rest.starts_with(&of_it)))
    };
    let mut lines: Vec<&str> = text.lines().filter(is_of_it).collect();
    if let Some(end) = lines.iter().position(|line| core::ptr::eq(*line, last)) {
        lines.truncate(end + 1);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::{HookName, Judgement, judge_text};

    /// The lines of conversation 1: step, hook, attempt, number in the inbox.
    fn judged(lines: &[&str], answered: &[u64]) -> Judgement {
        let name = |number: &u64| HookName {
            conversation: 1,
            number: *number,
        };
        let answered: BTreeSet<_> = answered.iter().map(name).collect();
        let line = |line: &&str| line.replacen(' ', " 1 ", 1);
        let text: Vec<String> = lines.iter().map(line).collect();
        judge_text(&text.join("\n"), &answered).unwrap()
    }

    fn flaws(lines: &[&str], answered: &[u64]) -> [u64; 4] {
        let judged = judged(lines, answered);
        let flaws = [
            judged.lost,
            judged.out_of_order,
            judged.settled_late,
            judged.twice,
        ];
        let has_evidence = flaws.iter().skip(1).any(|flaw| *flaw > 0);
        assert_eq!(judged.evidence.is_some(), has_evidence);
        flaws
    }

    #[test]
    fn attempts_one_after_the_other_have_no_flaw() {
        let lines = [
            "begin 1 1 10",
            "later 1 1 10",
            "begin 1 2 10",
            "end 1 2 10",
            "begin 2 1 11",
            // Its worker died, or lost its settlement.
            "begin 2 2 11",
            "end 2 1 11",
            "end 2 2 11",
            "begin 4 3 12",
            // A worker that was stopped between its claim and its handler.
            "begin 2 1 11",
            "begin 4 2 12",
            "end 2 1 11",
            "end 4 3 12",
        ];
        assert_eq!(flaws(&lines, &[1, 2, 4]), [0; 4]);
        assert_eq!(judged(&lines, &[]).late_attempts, 4);
        assert_eq!(judged(&lines, &[]).handled, 3);
    }

    #[test]
    fn a_hook_that_was_answered_and_not_handled_is_lost() {
        let lines = ["begin 1 1 10", "end 1 1 10", "begin 3 1 11"];
        assert_eq!(flaws(&lines, &[1, 2, 3]), [2, 0, 0, 0]);
    }

    #[test]
    fn an_earlier_hook_after_a_later_one_is_out_of_order() {
        let lines = [
            "begin 2 1 10",
            "end 2 1 10",
            "begin 1 1 11",
            "end 1 1 11",
            "begin 2 2 10",
            "end 2 2 10",
        ];
        assert_eq!(flaws(&lines, &[1, 2]), [0, 1, 0, 0]);
    }

    #[test]
    fn a_hook_that_is_two_entries_is_noticed() {
        let lines = ["begin 1 1 10", "end 1 1 10", "begin 1 1 11", "end 1 1 11"];
        assert_eq!(flaws(&lines, &[1]), [0, 0, 0, 1]);
    }

    #[test]
    fn a_hook_that_an_attempt_settled_which_was_not_the_last_is_noticed() {
        let lines = [
            "begin 1 1 10",
            "begin 1 2 10",
            "end 1 1 10",
            // The second attempt runs still.
            "begin 2 1 11",
            "end 1 2 10",
            "end 2 1 11",
        ];
        assert_eq!(flaws(&lines, &[1, 2]), [0, 0, 1, 0]);
    }

    #[test]
    fn two_of_a_conversation_at_once_are_noticed() {
        let lines = ["begin 1 1 10", "begin 2 1 11", "end 1 1 10", "end 2 1 11"];
        assert_eq!(flaws(&lines, &[1, 2]), [0, 0, 1, 0]);
    }
}
