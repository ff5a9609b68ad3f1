//! Where the items come from, and what an iteration gets of one.

use super::to_usize;
use crate::asl::definition::{ItemReader, ItemSource, MapState};
use crate::asl::interpreter::fault::{Fault, QUERY, not_usable, unexpected};
use crate::asl::interpreter::frame::{Frame, Item, Visit};
use crate::asl::interpreter::sees::Sees;
use crate::asl::interpreter::task::reason;
use crate::asl::items::{READ_ACTIVITY, ReadRequest, Slice};
use serde_json::Value;
use std::sync::Arc;

/// The items of a map.
pub(super) enum Items {
    /// They are here.
    List(Arc<Value>),
    /// They have to be read.
    Reader,
}

impl Items {
    /// How many there are; none as long as they have not been read.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::List(list) => list.as_array().map_or(0, Vec::len),
            Self::Reader => 0,
        }
    }
}

impl Frame<'_> {
    pub(super) fn items(
        &mut self,
        visit: &Visit<'_>,
        map: &MapState,
        effective: &Arc<Value>,
    ) -> Result<Items, Fault> {
        let value = match &map.items {
            ItemSource::Reader(..) => return Ok(Items::Reader),
            ItemSource::Input => Ok(effective.clone()),
            ItemSource::Path(path) => self.refer(visit, path, effective).map(Arc::new),
            ItemSource::Items(query) => self.query(visit, query, "Items").map(Arc::new),
        };
        let value = self.told(visit, value)?;
        if value.is_array() {
            return Ok(Items::List(value));
        }
        let error = match &map.items {
            ItemSource::Items(query) => unexpected(&query.source, "Items", "array", &value),
            ItemSource::Path(path) => not_usable(format!("Reference path \"{path}\" must point to array.")),
            _ => not_usable("Reference path \"$\" must point to array."),
        };
        Err(self.failed(visit, error))
    }

    /// What an iteration gets of an item.
    pub(super) fn select(
        &mut self,
        visit: &Visit<'_>,
        map: &MapState,
        effective: &Arc<Value>,
        item: Item,
    ) -> Result<Arc<Value>, Fault> {
        let Some(selector) = &map.selector else { return Ok(item.value) };
        let outer = self.item.replace(item);
        let sees = Sees { input: &visit.input, ..Sees::only(effective) };
        let value = self.payload(visit, selector, sees, "ItemSelector");
        self.item = outer;
        self.told(visit, value).map(Arc::new)
    }

    /// Reads all items, slice by slice.
    pub(super) async fn read(
        &mut self,
        visit: &Visit<'_>,
        reader: &ItemReader,
        effective: &Arc<Value>,
    ) -> Result<Vec<Value>, Fault> {
        let max_items = self.max_items(visit, reader, effective)?;
        let parameters = match &reader.parameters {
            None => Value::Null,
            Some(parameters) => {
                let sees = Sees { input: &visit.input, ..Sees::only(effective) };
                let value = self.payload(visit, parameters, sees, "ItemReader");
                self.told(visit, value)?
            }
        };
        let mut items = Vec::new();
        let mut offset = Some(0);
        while let Some(from) = offset {
            let request = ReadRequest {
                resource: reader.resource.clone(),
                parameters: parameters.clone(),
                reader_config: (*reader.config).clone(),
                max_items,
                offset: from,
                slice_bytes: self.run.env.limits.slice_bytes as u64,
            };
            let slice = self.run.ctx.call_activity::<Slice>(READ_ACTIVITY, request).await;
            self.run.waited();
            let slice = slice.map_err(|error| reader_failed(&error))?;
            items.extend(slice.items);
            if items.len() > self.run.env.limits.map_items {
                let most = self.run.env.limits.map_items;
                return Err(Fault::new(
                    "States.ItemReaderFailed",
                    format!("More than {most} items were read."),
                ));
            }
            offset = slice.next_offset;
        }
        Ok(items)
    }

    fn max_items(
        &mut self,
        visit: &Visit<'_>,
        reader: &ItemReader,
        effective: &Value,
    ) -> Result<Option<u64>, Fault> {
        let most = self.optional(
            visit,
            reader.max_items.as_ref(),
            effective,
            "ItemReader/ReaderConfig/MaxItems",
            super::whole,
        );
        match most {
            Ok(Some(most)) if most < 0.0 => {
                Err(Fault::new("States.ItemReaderFailed", "field MaxItems must be positive"))
            }
            Ok(Some(most)) if most > 0.0 => Ok(Some(to_usize(most) as u64)),
            Ok(_) => Ok(None),
            Err(fault) if fault.reason.error.as_deref() == Some(QUERY) => Err(fault),
            Err(fault) => Err(Fault::of(Some("States.ItemReaderFailed".to_owned()), fault.reason.cause)),
        }
    }
}

fn reader_failed(error: &partita::Error) -> Fault {
    let told = error.failure().map(|failure| failure.inner.as_deref().unwrap_or(failure));
    let cause = told.map(|failure| failure.message.to_string()).or_else(|| reason(error).cause);
    Fault::of(Some("States.ItemReaderFailed".to_owned()), cause)
}
