//! Entities: as they are shown, listed, and tidied up.

use crate::filter::parsed;
use crate::json::{Json, shown};
use crate::time::Time;
use partita_engine::kernel::InstanceId;
use partita_engine::{self as engine, EntityQuery, EntityView};
use serde::{Deserialize, Serialize};

/// An entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// Its id, `@name@key`, by which histories and reasons name it.
    pub id: String,
    /// Its name, in lower case.
    pub name: String,
    /// Its key.
    pub key: String,
    /// When the first request for it arrived.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Whether it has a state. One without is locked, or something waits for it.
    pub has_state: bool,
    /// How many operations and lock requests wait for it, scheduled ones included.
    pub queue_length: usize,
    /// Who has it locked, if anybody has.
    pub lock: Option<EntityLock>,
    /// Its state; left out when it has none, and in lists without `state=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Json>,
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityLock {
    /// The instance that holds it.
    pub instance_id: String,
    /// The critical section that it is for.
    pub section: String,
    /// Since when.
    pub since: Time,
}

impl Entity {
    /// An entity as it is shown, with its state or without.
    #[must_use]
    pub fn new(view: &EntityView, with_state: bool) -> Self {
        let (name, key) = view.id.entity_parts().unwrap_or_default();
        let lock = view.lock.as_ref().map(|(holder, section, since)| EntityLock {
            instance_id: holder.to_string(),
            section: section.to_string(),
            since: Time(*since),
        });
        Self {
            id: view.id.to_string(),
            name: name.to_owned(),
            key: key.to_owned(),
            created_at: view.created_at.into(),
            updated_at: view.updated_at.into(),
            has_state: view.state.is_some(),
            queue_length: view.backlog,
            lock,
            state: shown(view.state.as_ref().filter(|_| with_state)),
        }
    }
}

/// A page of entities, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityPage {
    /// The entities.
    pub entities: Vec<Entity>,
    /// The `cursor` of the next page; missing on the last.
    pub next: Option<String>,
}

/// A question for a page of entities. Everything given must hold; what is left out does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityListQuery {
    /// Any of these names, in any case; a name that ends with `*` stands for all that begin so.
    pub name: Vec<String>,
    /// Keys that begin so. Needs one name, without `*`.
    pub key_prefix: Option<String>,
    /// Changed at or after.
    pub updated_from: Option<Time>,
    /// Changed before.
    pub updated_to: Option<Time>,
    /// Also those that have no state.
    pub transient: bool,
    /// Whether states are wanted.
    pub state: bool,
    /// How many at most; the server's default when `None`.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl EntityListQuery {
    /// The parameters that make a query.
    pub const KEYS: [&str; 8] =
        ["name", "keyPrefix", "updatedFrom", "updatedTo", "transient", "state", "limit", "cursor"];

    /// As parameters of a query.
    #[must_use]
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.name.iter().map(|name| ("name", name.clone())));
        pairs.extend(self.key_prefix.clone().map(|prefix| ("keyPrefix", prefix)));
        pairs.extend(self.updated_from.map(|time| ("updatedFrom", time.to_string())));
        pairs.extend(self.updated_to.map(|time| ("updatedTo", time.to_string())));
        let flags = [("transient", self.transient), ("state", self.state)];
        pairs.extend(flags.into_iter().filter(|(_, flag)| *flag).map(|(key, _)| (key, "true".to_owned())));
        pairs.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        pairs.extend(self.cursor.clone().map(|cursor| ("cursor", cursor)));
        pairs
    }

    /// From the parameters of a query.
    ///
    /// # Errors
    /// Says which parameter is wrong, and how.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut query = Self::default();
        for (key, value) in pairs {
            query.take(key, value)?;
        }
        Ok(query)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "name" => self.name.extend(value.split(',').map(|name| name.trim().to_owned())),
            "keyPrefix" => self.key_prefix = Some(value.to_owned()),
            "updatedFrom" => self.updated_from = Some(time(key, value)?),
            "updatedTo" => self.updated_to = Some(time(key, value)?),
            "transient" => self.transient = parsed(key, value, "true or false")?,
            "state" => self.state = parsed(key, value, "true or false")?,
            "limit" => self.limit = Some(parsed(key, value, "a whole number")?),
            "cursor" => self.cursor = Some(value.to_owned()),
            _ => return Err(format!("there is no parameter {key:?}; there are {}", Self::KEYS.join(", "))),
        }
        Ok(())
    }

    /// The engine's question, for a page of that size after that id.
    ///
    /// # Errors
    /// When a prefix of keys is given without the one name that they belong to.
    pub fn to_engine(&self, limit: usize, after: Option<InstanceId>) -> Result<EntityQuery, String> {
        let mut names: Vec<String> = self.name.iter().map(|name| name.to_lowercase()).collect();
        let prefix = self.key_prefix.as_ref().map(|prefix| match names.as_slice() {
            [name] if !name.ends_with('*') => Ok(format!("@{name}@{prefix}")),
            _ => Err("keyPrefix needs name, one and without *, because keys belong to a name".to_owned()),
        });
        let id_prefix = prefix.transpose()?;
        if id_prefix.is_some() {
            names.clear(); // the prefix says it
        }
        Ok(EntityQuery {
            names,
            id_prefix,
            updated_from: self.updated_from.map(Into::into),
            updated_to: self.updated_to.map(Into::into),
            transient: self.transient,
            after,
            limit,
        })
    }
}

fn time(key: &str, value: &str) -> Result<Time, String> {
    value.parse().map_err(|error| format!("{key}: {error}"))
}

/// Tidies entities up. The body may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CleanEntities {
    /// Remove entities of which nothing is left but their name.
    pub remove_empty: bool,
    /// Release locks that no critical section holds any more.
    pub release_orphaned_locks: bool,
    /// `next` of the report before, when it was not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl Default for CleanEntities {
    fn default() -> Self {
        Self { remove_empty: true, release_orphaned_locks: true, cursor: None }
    }
}

/// What was tidied up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityCleaning {
    /// Empty entities that are gone.
    pub removed: u64,
    /// Orphaned locks that are released.
    pub released: u64,
    /// Whether all entities were looked at; otherwise ask again with `next` as the cursor.
    pub complete: bool,
    /// Where to go on; missing when it is complete.
    pub next: Option<String>,
}

impl EntityCleaning {
    /// What was tidied up, and where to go on.
    #[must_use]
    pub fn new(cleaning: engine::EntityCleaning, next: Option<String>) -> Self {
        let engine::EntityCleaning { removed, released, complete } = cleaning;
        Self { removed, released, complete, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_engine::kernel::{Payload, Timestamp};

    fn view(id: &str, state: Option<&str>) -> EntityView {
        EntityView {
            id: InstanceId::trusted(id),
            created_at: Timestamp(1_000),
            updated_at: Timestamp(2_000),
            state: state.map(Payload::from),
            backlog: 3,
            lock: Some((InstanceId::trusted("i"), "s".into(), Timestamp(1_000))),
        }
    }

    #[test]
    fn entities_are_told_with_their_lock_and_on_request_their_state() {
        let whole = Entity::new(&view("@counter@a@b", Some(r#"{"b":1,"a":2}"#)), true);
        insta::assert_snapshot!(serde_json::to_string(&whole).unwrap(), @r#"{"id":"@counter@a@b","name":"counter","key":"a@b","createdAt":"1970-01-01T00:00:00.000001Z","updatedAt":"1970-01-01T00:00:00.000002Z","hasState":true,"queueLength":3,"lock":{"instanceId":"i","section":"s","since":"1970-01-01T00:00:00.000001Z"},"state":{"b":1,"a":2}}"#);
        let bare = EntityView { lock: None, ..view("@counter@", Some("1")) };
        let bare = Entity::new(&bare, false);
        assert_eq!((bare.key.as_str(), bare.has_state, &bare.state, &bare.lock), ("", true, &None, &None));
        assert!(!Entity::new(&view("@counter@", None), true).has_state);
        let read: Entity = serde_json::from_str(&serde_json::to_string(&bare).unwrap()).unwrap();
        assert_eq!(read, bare);
    }

    #[test]
    fn queries_survive_the_way_through_parameters() {
        let query = EntityListQuery {
            name: Vec::from(["Counter".to_owned(), "a*".to_owned()]),
            key_prefix: Some("x y".into()),
            updated_from: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            updated_to: Some("2026-01-02T00:00:00Z".parse().unwrap()),
            transient: true,
            state: true,
            limit: Some(5),
            cursor: Some("c".into()),
        };
        let pairs = query.to_pairs();
        assert_eq!(pairs.len(), EntityListQuery::KEYS.len() + 1, "each key, and two names");
        let read = EntityListQuery::from_pairs(pairs.iter().map(|(key, value)| (*key, value.as_str())));
        assert_eq!(read, Ok(query));
        for (key, value, expected) in [
            ("idPrefix", "x", "no parameter \"idPrefix\"; there are name, keyPrefix"),
            ("limit", "many", "limit=\"many\" is not a whole number"),
            ("state", "yes", "state=\"yes\" is not true or false"),
            ("updatedTo", "x", "updatedTo: \"x\" is not a time"),
        ] {
            let error = EntityListQuery::from_pairs([(key, value)]).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_prefix_of_keys_needs_the_name_that_they_belong_to() {
        let of = |names: &[&str]| EntityListQuery {
            name: names.iter().map(|name| (*name).to_owned()).collect(),
            key_prefix: Some("Key".into()),
            ..EntityListQuery::default()
        };
        let query = of(&["Counter"]).to_engine(7, None).unwrap();
        assert_eq!((query.names.len(), query.id_prefix.as_deref()), (0, Some("@counter@Key")));
        for names in [&[][..], &["a", "b"], &["a*"]] {
            assert!(of(names).to_engine(7, None).unwrap_err().contains("keyPrefix needs name"));
        }
        let all = EntityListQuery { name: Vec::from(["Cou*".to_owned()]), ..EntityListQuery::default() };
        assert_eq!(all.to_engine(7, None).unwrap().names, ["cou*"]);
    }
}
