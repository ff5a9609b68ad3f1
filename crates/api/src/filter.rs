//! Which instances are meant: as parameters of a query, or as JSON in a body.

use crate::instance::{Status, Tags, to_kernel_tags};
use crate::time::Time;
use partita_engine::kernel::InstanceId;
use partita_engine::store;
use serde::{Deserialize, Serialize};

/// Which instances are meant. Everything given must hold; what is left out does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Filter {
    /// Any of these statuses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<Status>,
    /// Any of these workflow names; a name that ends with `*` stands for all that begin so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub name: Vec<String>,
    /// Ids that begin so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_prefix: Option<String>,
    /// Ids that contain this, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_contains: Option<String>,
    /// All of these tags.
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Accepted at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_from: Option<Time>,
    /// Accepted before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_to: Option<Time>,
    /// Changed at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_from: Option<Time>,
    /// Changed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_to: Option<Time>,
    /// Ended at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_from: Option<Time>,
    /// Ended before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_to: Option<Time>,
    /// Sub-orchestrations of this instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Only those that nobody started as a sub-orchestration.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub roots_only: bool,
    /// Only those that were set aside, or only those that were not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<bool>,
}

/// In which order a list comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
    /// Last changed first.
    Updated,
    /// By id.
    Id,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Newest, Self::Oldest, Self::Updated, Self::Id];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Updated => "updated",
            Self::Id => "id",
        }
    }

    /// The store's name for it.
    #[must_use]
    pub fn to_store(self) -> store::Order {
        match self {
            Self::Newest => store::Order::CreatedDescending,
            Self::Oldest => store::Order::CreatedAscending,
            Self::Updated => store::Order::UpdatedDescending,
            Self::Id => store::Order::IdAscending,
        }
    }
}

/// A question for a page of instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Which.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// How many at most; the server's default when `None`.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Whether inputs, outputs and failures are wanted.
    pub payloads: bool,
}

impl ListQuery {
    /// As parameters of a query.
    #[must_use]
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.filter.to_pairs();
        if self.order != Order::default() {
            pairs.push(("order", self.order.name().to_owned()));
        }
        pairs.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        pairs.extend(self.cursor.clone().map(|cursor| ("cursor", cursor)));
        if self.payloads {
            pairs.push(("include", "payloads".to_owned()));
        }
        pairs
    }

    /// From the parameters of a query.
    ///
    /// # Errors
    /// Says which parameter is wrong, and how.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut query = Self::default();
        for (key, value) in pairs {
            if !query.take(key, value)? && !query.filter.take(key, value)? {
                return Err(format!("there is no parameter {key:?}; there are {}", known()));
            }
        }
        Ok(query)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<bool, String> {
        match key {
            "order" => self.order = order(value)?,
            "limit" => self.limit = Some(parsed(key, value, "a whole number")?),
            "cursor" => self.cursor = Some(value.to_owned()),
            "include" if value == "payloads" => self.payloads = true,
            "include" => return Err(format!("include={value:?} is unknown; there is include=payloads")),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn order(name: &str) -> Result<Order, String> {
    let names = Order::ALL.map(Order::name).join(", ");
    let found = Order::ALL.into_iter().find(|order| order.name() == name);
    found.ok_or_else(|| format!("order={name:?} is unknown; there are {names}"))
}

fn known() -> String {
    let own = ["order", "limit", "cursor", "include"];
    Filter::KEYS.iter().chain(&own).copied().collect::<Vec<_>>().join(", ")
}

pub(crate) fn parsed<T: std::str::FromStr>(key: &str, value: &str, what: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{key}={value:?} is not {what}"))
}

impl Filter {
    /// The parameters of a query that make a filter.
    pub const KEYS: [&str; 14] = [
        "status",
        "name",
        "idPrefix",
        "idContains",
        "tag",
        "createdFrom",
        "createdTo",
        "updatedFrom",
        "updatedTo",
        "completedFrom",
        "completedTo",
        "parent",
        "rootsOnly",
        "setAside",
    ];

    /// As parameters of a query.
    #[must_use]
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.status.iter().map(|status| ("status", status.to_string())));
        pairs.extend(self.name.iter().map(|name| ("name", name.clone())));
        pairs.extend(self.id_prefix.clone().map(|prefix| ("idPrefix", prefix)));
        pairs.extend(self.id_contains.clone().map(|part| ("idContains", part)));
        pairs.extend(self.tags.iter().map(|(key, value)| ("tag", format!("{key}={value}"))));
        for (key, time) in self.times() {
            pairs.extend(time.map(|time| (key, time.to_string())));
        }
        pairs.extend(self.parent.clone().map(|parent| ("parent", parent)));
        if self.roots_only {
            pairs.push(("rootsOnly", "true".to_owned()));
        }
        pairs.extend(self.set_aside.map(|wanted| ("setAside", wanted.to_string())));
        pairs
    }

    fn times(&self) -> [(&'static str, Option<Time>); 6] {
        [
            ("createdFrom", self.created_from),
            ("createdTo", self.created_to),
            ("updatedFrom", self.updated_from),
            ("updatedTo", self.updated_to),
            ("completedFrom", self.completed_from),
            ("completedTo", self.completed_to),
        ]
    }

    /// Takes one parameter of a query in; says whether it belongs to filters at all.
    ///
    /// # Errors
    /// Says what is wrong with its value.
    pub fn take(&mut self, key: &str, value: &str) -> Result<bool, String> {
        match key {
            "status" => {
                for name in value.split(',') {
                    self.status.push(name.parse()?);
                }
            }
            "name" => self.name.extend(value.split(',').map(|name| name.trim().to_owned())),
            "idPrefix" => self.id_prefix = Some(value.to_owned()),
            "idContains" => self.id_contains = Some(value.to_owned()),
            "tag" => {
                let (tag, value) = tag(value)?;
                self.tags.insert(tag, value);
            }
            "parent" => self.parent = Some(value.to_owned()),
            "rootsOnly" => self.roots_only = parsed(key, value, "true or false")?,
            "setAside" => self.set_aside = Some(parsed(key, value, "true or false")?),
            _ => return self.take_time(key, value),
        }
        Ok(true)
    }

    fn take_time(&mut self, key: &str, value: &str) -> Result<bool, String> {
        let place = match key {
            "createdFrom" => &mut self.created_from,
            "createdTo" => &mut self.created_to,
            "updatedFrom" => &mut self.updated_from,
            "updatedTo" => &mut self.updated_to,
            "completedFrom" => &mut self.completed_from,
            "completedTo" => &mut self.completed_to,
            _ => return Ok(false),
        };
        *place = Some(value.parse().map_err(|error| format!("{key}: {error}"))?);
        Ok(true)
    }

    /// Whether it does not restrict anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The store's filter.
    #[must_use]
    pub fn to_store(&self) -> store::Filter {
        store::Filter {
            entities: false,
            statuses: self.status.iter().map(|status| status.0).collect(),
            names: self.name.clone(),
            id_prefix: self.id_prefix.clone(),
            id_contains: self.id_contains.clone(),
            tags: to_kernel_tags(&self.tags),
            created_from: self.created_from.map(Into::into),
            created_to: self.created_to.map(Into::into),
            updated_from: self.updated_from.map(Into::into),
            updated_to: self.updated_to.map(Into::into),
            completed_from: self.completed_from.map(Into::into),
            completed_to: self.completed_to.map(Into::into),
            parent: self.parent.as_deref().map(InstanceId::trusted),
            roots_only: self.roots_only,
            set_aside: self.set_aside,
        }
    }
}

/// Reads `key=value`, or `key:value` when there is no `=`.
fn tag(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').or_else(|| text.split_once(':'));
    let (key, value) = parts.ok_or_else(|| format!("tag={text:?} is not of the form key=value"))?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_survive_the_way_through_parameters() {
        let query = ListQuery {
            filter: Filter {
                status: Vec::from(["running".parse().unwrap(), "Failed".parse().unwrap()]),
                name: Vec::from(["Order*".to_owned()]),
                id_prefix: Some("a".into()),
                id_contains: Some("b".into()),
                tags: Tags::from([("k:1".into(), "v=2".into())]),
                created_from: Some("2026-01-01T00:00:00Z".parse().unwrap()),
                completed_to: Some("2026-01-02T00:00:00Z".parse().unwrap()),
                parent: Some("p".into()),
                roots_only: true,
                set_aside: Some(false),
                ..Filter::default()
            },
            order: Order::Updated,
            limit: Some(5),
            cursor: Some("c".into()),
            payloads: true,
        };
        let pairs = query.to_pairs();
        let read = ListQuery::from_pairs(pairs.iter().map(|(key, value)| (*key, value.as_str()))).unwrap();
        assert_eq!(read, query);
        let body = serde_json::to_string(&query.filter).unwrap();
        assert_eq!(serde_json::from_str::<Filter>(&body).unwrap(), query.filter);
    }

    #[test]
    fn bad_parameters_say_what_is_wrong() {
        for (key, value, expected) in [
            ("statu", "x", "no parameter \"statu\"; there are status"),
            ("status", "Runing", "\"Runing\" is not a status; there are Running"),
            ("limit", "many", "limit=\"many\" is not a whole number"),
            ("order", "x", "order=\"x\" is unknown; there are newest"),
            ("tag", "x", "not of the form key=value"),
            ("createdFrom", "x", "createdFrom: \"x\" is not a time"),
            ("rootsOnly", "x", "not true or false"),
            ("include", "x", "include=payloads"),
        ] {
            let error = ListQuery::from_pairs([(key, value)]).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
