//! Values that know what of them was changed, so that a change is kept without writing the whole
//! state: a part that is one row, a table of rows by key, and a list of rows by position.

use alloc::collections::{BTreeMap, BTreeSet};
use core::ops::{Deref, DerefMut};

use serde::Serialize;

/// Changes as lines of JSON: `["table",key,row]`, where a row of `null` was removed.
#[derive(Debug, Default)]
pub(crate) struct Changes(Vec<u8>);

impl Changes {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn row<K: Serialize, V: Serialize>(&mut self, table: &str, key: K, row: Option<&V>) {
        let before = self.0.len();
        match serde_json::to_writer(&mut self.0, &(table, key, row)) {
            Ok(()) => self.0.push(b'\n'),
            // No type of the state fails to be written.
            Err(_) => self.0.truncate(before),
        }
    }
}

/// A value that is written whole when it was changed. Whoever borrows it mutably has changed it.
#[derive(Debug, Default)]
pub(crate) struct Part<T> {
    value: T,
    changed: bool,
}

impl<T> Part<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            value,
            changed: false,
        }
    }

    /// Replaces the value.
    pub(crate) fn set(&mut self, value: T) {
        self.value = value;
        self.changed = true;
    }
}

impl<T: Serialize> Part<T> {
    pub(crate) fn take_changes(&mut self, table: &str, to: Option<&mut Changes>) {
        if core::mem::take(&mut self.changed)
            && let Some(changes) = to
        {
            changes.row(table, (), Some(&self.value));
        }
    }
}

impl<T> Deref for Part<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Part<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        &mut self.value
    }
}

/// Rows by key, in the order of the keys.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    changed: BTreeSet<K>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone, V> Table<K, V> {
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: core::borrow::Borrow<Q>,
    {
        self.rows.get(key)
    }

    /// The row counts as changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.clone());
        Some(row)
    }

    /// The row that was there before.
    pub(crate) fn insert(&mut self, key: K, row: V) -> Option<V> {
        self.changed.insert(key.clone());
        self.rows.insert(key, row)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.rows.remove(key)?;
        self.changed.insert(key.clone());
        Some(removed)
    }

    /// Removes the rows that are not wanted any more.
    pub(crate) fn retain(&mut self, mut wanted: impl FnMut(&K, &V) -> bool) {
        let changed = &mut self.changed;
        self.rows.retain(|key, row| {
            let stays = wanted(key, row);
            if !stays {
                changed.insert(key.clone());
            }
            stays
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.rows.iter()
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.values()
    }

    pub(crate) fn rows(&self) -> &BTreeMap<K, V> {
        &self.rows
    }
}

impl<K: Ord + Clone, V> From<BTreeMap<K, V>> for Table<K, V> {
    /// Nothing of it counts as changed.
    fn from(rows: BTreeMap<K, V>) -> Self {
        Self {
            rows,
            changed: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Serialize, V: Serialize> Table<K, V> {
    pub(crate) fn take_changes(&mut self, table: &str, to: Option<&mut Changes>) {
        if self.changed.is_empty() {
            return;
        }
        let changed = core::mem::take(&mut self.changed);
        if let Some(changes) = to {
            for key in changed {
                changes.row(table, &key, self.rows.get(&key));
            }
        }
    }
}

/// Rows by position; none is ever removed.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    rows: Vec<T>,
    changed: BTreeSet<usize>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T> From<Vec<T>> for Rows<T> {
    /// Nothing of it counts as changed.
    fn from(rows: Vec<T>) -> Self {
        Self {
            rows,
            changed: BTreeSet::new(),
        }
    }
}

impl<T> Rows<T> {
    /// The row counts as changed.
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let row = self.rows.get_mut(at)?;
        self.changed.insert(at);
        Some(row)
    }

    pub(crate) fn push(&mut self, row: T) {
        self.changed.insert(self.rows.len());
        self.rows.push(row);
    }
}

impl<T> Deref for Rows<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}

impl<T: Serialize> Rows<T> {
    pub(crate) fn take_changes(&mut self, table: &str, to: Option<&mut Changes>) {
        if self.changed.is_empty() {
            return;
        }
        let changed = core::mem::take(&mut self.changed);
        if let Some(changes) = to {
            for at in changed {
                changes.row(table, at, self.rows.get(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use alloc::collections::BTreeMap;

    use super::{Changes, Part, Rows, Table};

    fn text(changes: Changes) -> String {
        String::from_utf8(changes.into_bytes()).unwrap()
    }

    #[test]
    fn what_was_changed_is_written_once_and_nothing_else() {
        let mut part = Part::new(vec![1]);
        let mut table = Table::from(BTreeMap::from([("a", 1), ("b", 2)]));
        let mut rows = Rows::from(vec![10, 20]);
        let mut changes = Changes::default();
        assert_eq!(
            (part.len(), table.get(&"a"), rows.first()),
            (1, Some(&1), Some(&10))
        );
        part.take_changes("part", Some(&mut changes));
        table.take_changes("table", Some(&mut changes));
        rows.take_changes("rows", Some(&mut changes));
        assert_eq!(text(changes), "", "reading changes nothing");

        part.push(2);
        table.remove(&"a");
        table.insert("c", 3);
        *rows.get_mut(1).unwrap() = 21;
        rows.push(30);
        let mut changes = Changes::default();
        for _ in 0..2 {
            part.take_changes("part", Some(&mut changes));
            table.take_changes("table", Some(&mut changes));
            rows.take_changes("rows", Some(&mut changes));
        }
        let expected = [
            r#"["part",null,[1,2]]"#,
            r#"["table","a",null]"#,
            r#"["table","c",3]"#,
            r#"["rows",1,21]"#,
            r#"["rows",2,30]"#,
            "",
        ];
        assert_eq!(text(changes), expected.join("\n"));
    }

    #[test]
    fn changes_that_nobody_keeps_are_forgotten() {
        let mut table = Table::default();
        table.insert(1, "x");
        table.take_changes("table", None);
        let mut changes = Changes::default();
        table.take_changes("table", Some(&mut changes));
        assert_eq!(text(changes), "");
    }
}
