//! Reads the story of a grant for what invariant I5 allows: a second request with the same refresh
//! token only as the declared retry of an attempt in doubt.

/// How often an attempt was begun, and how often as the retry of one whose outcome was unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) begun: u64,
    pub(crate) declared_retries: u64,
}

impl Attempts {
    /// Counts the attempts of a story, the oldest line first.
    pub(crate) fn of_story(story: &[String]) -> Self {
        let mut attempts = Self::default();
        let (mut is_doubtful, mut was_doubtful) = (false, false);
        for line in story {
            match line.as_str() {
                "attempt-begun" => {
                    attempts.begun += 1;
                    attempts.declared_retries += u64::from(is_doubtful);
                    was_doubtful = is_doubtful;
                    // Until its outcome is written, the next worker finds it in doubt.
                    is_doubtful = true;
                }
                "without-effect" => is_doubtful = was_doubtful,
                "refreshed" | "pair-refused" | "reauth-required" | "consented" => {
                    is_doubtful = false;
                }
                _ => {}
            }
        }
        attempts
    }
}

#[cfg(test)]
mod tests {
    use super::Attempts;

    fn attempts(story: &[&str]) -> (u64, u64) {
        let story: Vec<String> = story.iter().map(|line| (*line).to_owned()).collect();
        let attempts = Attempts::of_story(&story);
        (attempts.begun, attempts.declared_retries)
    }

    #[test]
    fn refreshes_one_after_the_other_are_no_retries() {
        let story = [
            "consented",
            "attempt-begun",
            "refreshed",
            "attempt-begun",
            "refreshed",
        ];
        assert_eq!(attempts(&story), (2, 0));
    }

    #[test]
    fn an_attempt_after_one_without_an_outcome_is_a_declared_retry() {
        let dead_holder = ["consented", "attempt-begun", "attempt-begun", "refreshed"];
        assert_eq!(attempts(&dead_holder), (2, 1));
        let lost_answer = [
            "attempt-begun",
            "in-doubt",
            "attempt-begun",
            "in-doubt",
            "attempt-begun",
        ];
        assert_eq!(attempts(&lost_answer), (3, 2));
    }

    #[test]
    fn an_attempt_that_certainly_did_not_leave_changes_no_doubt() {
        let doubtful = [
            "attempt-begun",
            "in-doubt",
            "attempt-begun",
            "without-effect",
            "attempt-begun",
        ];
        assert_eq!(attempts(&doubtful), (3, 2));
        let certain = [
            "consented",
            "attempt-begun",
            "without-effect",
            "attempt-begun",
            "refreshed",
        ];
        assert_eq!(attempts(&certain), (2, 0));
    }
}
