//! Looks for the recipe of a signature over a body alone: hooks, the Open API, and the older scheme
//! of requests.

use alloc::vec::Vec;

use crate::answer::explanation::Explanation;
use crate::answer::finding::Finding;
use crate::body::variants::{Body, RE_ENCODED_BYTES_MAX};
use crate::search::{Budget, First, Variant, search};
use crate::signature::hash_variants::hash_variants;
use crate::signature::secret_variants::Key;
use crate::signature::signature_search;
use crate::signature::signature_text::{Reading, SignatureForm};
use crate::signature::wrong_mac::{self, Hash, Keying};

/// How many keys are tried with a long body: each of them reads it.
const KEYS_OF_LONG: usize = 60;

/// The parts of a recipe that signs a body.
pub(crate) struct BodySearch<'v> {
    pub(crate) keys: &'v Vec<Variant<Key>>,
    pub(crate) bodies: &'v Vec<Variant<Body<'v>>>,
    /// The hash function of the right recipe.
    pub(crate) hash: Hash,
}

impl BodySearch<'_> {
    /// The answer for a body that is refused: the recipe with the fewest deviations, two at most.
    pub(crate) fn explanation(&self, signature: &str, form: SignatureForm) -> Explanation {
        let mut budget = Budget::new();
        let outcome = signature_search::find(
            signature,
            form,
            &[
                &|reading, budget| self.run(reading, 0, budget),
                &|reading, budget| self.run(reading, 1, budget),
                &|reading, budget| self.run(reading, 2, budget),
            ],
            &mut budget,
        );
        Explanation::new(false, outcome.findings, budget.spent())
    }

    /// The findings of the recipe with exactly that many deviations that yields the signature.
    ///
    /// Two deviations are looked for in bodies of moderate length only: each try reads the whole
    /// body.
    pub(crate) fn run(
        &self,
        reading: &Reading,
        deviations: usize,
        budget: &mut Budget,
    ) -> Option<Vec<Finding>> {
        let length = self.bodies.first().map_or(0, |body| body.value.len());
        let is_long = length > RE_ENCODED_BYTES_MAX;
        if deviations > 1 && is_long {
            return None;
        }
        let keys = First {
            variants: self.keys,
            count: if is_long { KEYS_OF_LONG } else { usize::MAX },
        };
        let keyings = hash_variants(self.hash, reading.hash);
        search(
            &[&keys, &keyings, self.bodies],
            deviations,
            budget,
            &mut |chosen| self.fits(&keyings, reading, chosen).unwrap_or_default(),
        )
    }

    fn fits(
        &self,
        keyings: &[Variant<Keying>],
        reading: &Reading,
        chosen: &[usize],
    ) -> Option<bool> {
        let [key, keying, body] = *chosen else {
            return None;
        };
        Some(wrong_mac::gives(
            reading.hash,
            keyings.get(keying)?.value,
            &self.keys.get(key)?.value,
            &self.bodies.get(body)?.value,
            &reading.bytes,
        ))
    }
}
