//! What the CRM keeps beside users and chats: leads, contacts, companies, tasks, sources, pipelines
//! and templates, each with the fields that its client sent.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::tracked::{Changes, Table};

/// How many entities are kept; the one with the least key goes first.
const ENTITIES: usize = 100_000;

/// A kind of entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EntityKind {
    Leads,
    Contacts,
    Companies,
    Tasks,
    Sources,
    Pipelines,
    Templates,
}

impl EntityKind {
    /// The ids of a kind come after this one.
    pub(crate) const fn ids_from(self) -> u64 {
        match self {
            Self::Leads => 40_000_000,
            Self::Contacts => 50_000_000,
            Self::Companies => 55_000_000,
            Self::Tasks => 58_000_000,
            Self::Sources => 9600,
            Self::Pipelines => 7100,
            Self::Templates => 300,
        }
    }
}

/// An entity: as an object, with everything else beside the two ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entity {
    #[serde(default)]
    pub(crate) id: u64,
    /// 0 in a seed: the first account.
    #[serde(default)]
    pub(crate) account_id: u64,
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}

/// Where an entity is kept.
pub(crate) type EntityKey = (EntityKind, u64);

/// The entities of all accounts.
#[derive(Debug, Default)]
pub(crate) struct CrmBook {
    entities: Table<EntityKey, Entity>,
}

impl From<BTreeMap<EntityKey, Entity>> for CrmBook {
    /// Nothing of it counts as changed.
    fn from(entities: BTreeMap<EntityKey, Entity>) -> Self {
        Self {
            entities: Table::from(entities),
        }
    }
}

impl CrmBook {
    pub(crate) fn get(&self, kind: EntityKind, account: u64, id: u64) -> Option<&Entity> {
        let entity = self.entities.get(&(kind, id));
        entity.filter(|entity| entity.account_id == account)
    }

    /// Those of an account, oldest first.
    pub(crate) fn of(&self, kind: EntityKind, account: u64) -> impl Iterator<Item = &Entity> {
        let of_kind = self.entities.rows().range((kind, 0)..=(kind, u64::MAX));
        of_kind
            .map(|(_, entity)| entity)
            .filter(move |entity| entity.account_id == account)
    }

    /// The id that the next new entity gets.
    pub(crate) fn next_id(&self, kind: EntityKind) -> u64 {
        let mut of_kind = self.entities.rows().range((kind, 0)..=(kind, u64::MAX));
        let latest = of_kind.next_back().map_or(0, |((_, id), _)| *id);
        latest.max(kind.ids_from()).saturating_add(1)
    }

    pub(crate) fn put(&mut self, kind: EntityKind, entity: Entity) {
        self.entities.insert((kind, entity.id), entity);
        let oldest = self.entities.iter().next().map(|(key, _)| *key);
        if let (true, Some(oldest)) = (self.entities.len() > ENTITIES, oldest) {
            self.entities.remove(&oldest);
        }
    }

    pub(crate) fn remove(&mut self, kind: EntityKind, account: u64, id: u64) -> bool {
        self.get(kind, account, id).is_some() && self.entities.remove(&(kind, id)).is_some()
    }

    pub(crate) fn rows(&self) -> &BTreeMap<EntityKey, Entity> {
        self.entities.rows()
    }

    pub(crate) fn take_changes(&mut self, to: Option<&mut Changes>) {
        self.entities.take_changes("entities", to);
    }
}
