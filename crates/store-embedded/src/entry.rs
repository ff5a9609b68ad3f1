//! The entries of the journal and their stored form.

use partita_kernel::codec::{DecodeError, Reader, Wire, Writer};
use partita_kernel::{InstanceId, Partition, Status, Timestamp};
use partita_store::{Batch, Events, HeadRecord, MessageId, Put, StateRecord, StoredMessage, Write};

/// One thing that becomes durable as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// What a partition committed.
    Batch(Batch),
    /// A named value, or its removal.
    Setting(String, Option<Vec<u8>>),
    /// A partition has a new owner.
    Epoch(Partition, u64),
}

const BATCH: u8 = 1;
const SETTING: u8 = 2;
const EPOCH: u8 = 3;
const PUT: u8 = 1;
const DELETE: u8 = 2;

const HEAD: u8 = 1;
const RESET: u8 = 1 << 1;
const EVENTS: u8 = 1 << 2;
const RECOVER: u8 = 1 << 3;
const SET_ASIDE: u8 = 1 << 4;

impl Entry {
    pub(crate) fn put(&self, w: &mut Writer) {
        match self {
            Self::Batch(batch) => {
                w.u8(BATCH);
                put_batch(w, batch);
            }
            Self::Setting(key, value) => {
                w.u8(SETTING);
                w.text(key);
                value.is_some().put(w);
                if let Some(value) = value {
                    put_bytes(w, value);
                }
            }
            Self::Epoch(partition, epoch) => {
                w.u8(EPOCH);
                w.varint(u64::from(partition.0));
                w.varint(*epoch);
            }
        }
    }

    pub(crate) fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.u8()? {
            BATCH => Ok(Self::Batch(get_batch(r)?)),
            SETTING => {
                let key = r.text()?.to_owned();
                Ok(Self::Setting(key, bool::get(r)?.then(|| get_bytes(r)).transpose()?))
            }
            EPOCH => {
                let partition =
                    u16::try_from(r.varint()?).map_err(|_| DecodeError::BadNumber { offset: 0 })?;
                Ok(Self::Epoch(Partition(partition), r.varint()?))
            }
            tag => Err(DecodeError::UnknownTag { what: "journal entry", tag }),
        }
    }

    /// About how many bytes it takes, in the journal as in memory.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Batch(batch) => {
                let writes: usize = batch.writes.iter().map(write_size).sum();
                let sent: usize = batch.sent.iter().map(|message| message.bytes.len() + 64).sum();
                32 + writes + sent + batch.consumed.len() * 16
            }
            Self::Setting(key, value) => 32 + key.len() + value.as_ref().map_or(0, Vec::len),
            Self::Epoch(..) => 32,
        }
    }
}

fn write_size(write: &Write) -> usize {
    match write {
        Write::Put(put) => {
            let head = put.head.as_ref().map_or(0, |head| head.bytes.len() + 64);
            64 + head + put.state.bytes.len() + put.events.bytes.len()
        }
        Write::Delete(_) => 64,
    }
}

fn put_batch(w: &mut Writer, batch: &Batch) {
    w.varint(batch.writes.len() as u64);
    for write in &batch.writes {
        match write {
            Write::Put(put) => {
                w.u8(PUT);
                put_put(w, put);
            }
            Write::Delete(id) => {
                w.u8(DELETE);
                id.put(w);
            }
        }
    }
    w.varint(batch.sent.len() as u64);
    for message in &batch.sent {
        w.bytes(&message.id.0.to_le_bytes());
        message.target.put(w);
        put_bytes(w, &message.bytes);
    }
    w.varint(batch.consumed.len() as u64);
    for id in &batch.consumed {
        w.bytes(&id.0.to_le_bytes());
    }
}

fn get_batch(r: &mut Reader<'_>) -> Result<Batch, DecodeError> {
    let writes = (0..r.length()?).map(|_| get_write(r)).collect::<Result<_, _>>()?;
    let sent = (0..r.length()?).map(|_| get_message(r)).collect::<Result<_, _>>()?;
    let consumed = (0..r.length()?).map(|_| get_message_id(r)).collect::<Result<_, _>>()?;
    Ok(Batch { writes, sent, consumed })
}

fn get_write(r: &mut Reader<'_>) -> Result<Write, DecodeError> {
    match r.u8()? {
        PUT => Ok(Write::Put(Box::new(get_put(r)?))),
        DELETE => Ok(Write::Delete(InstanceId::get(r)?)),
        tag => Err(DecodeError::UnknownTag { what: "journal write", tag }),
    }
}

fn get_message(r: &mut Reader<'_>) -> Result<StoredMessage, DecodeError> {
    Ok(StoredMessage { id: get_message_id(r)?, target: InstanceId::get(r)?, bytes: get_bytes(r)? })
}

fn get_message_id(r: &mut Reader<'_>) -> Result<MessageId, DecodeError> {
    Ok(MessageId(u128::from_le_bytes(r.array()?)))
}

fn put_put(w: &mut Writer, put: &Put) {
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    put.id.put(w);
    w.u8(flag(put.head.is_some(), HEAD)
        | flag(put.reset_history, RESET)
        | flag(put.events.count > 0, EVENTS)
        | flag(put.state.recover, RECOVER)
        | flag(put.state.set_aside, SET_ASIDE));
    if let Some(head) = &put.head {
        put_head(w, head);
    }
    put_state(w, &put.state);
    if put.events.count > 0 {
        w.varint(u64::from(put.events.first));
        w.varint(u64::from(put.events.count));
        put_bytes(w, &put.events.bytes);
    }
}

fn get_put(r: &mut Reader<'_>) -> Result<Put, DecodeError> {
    let id = InstanceId::get(r)?;
    let flags = r.u8()?;
    let head = (flags & HEAD != 0).then(|| get_head(r)).transpose()?;
    let state = get_state(r, flags)?;
    let events = if flags & EVENTS == 0 {
        Events::default()
    } else {
        Events { first: u32::get(r)?, count: u32::get(r)?, bytes: get_bytes(r)? }
    };
    Ok(Put { id, head, state, reset_history: flags & RESET != 0, events })
}

fn put_head(w: &mut Writer, head: &HeadRecord) {
    head.name.put(w);
    head.version.put(w);
    head.created_at.put(w);
    head.parent.put(w);
    head.tags.put(w);
    put_bytes(w, &head.bytes);
}

fn get_head(r: &mut Reader<'_>) -> Result<HeadRecord, DecodeError> {
    Ok(HeadRecord {
        name: Wire::get(r)?,
        version: Wire::get(r)?,
        created_at: Timestamp::get(r)?,
        parent: Wire::get(r)?,
        tags: Wire::get(r)?,
        bytes: get_bytes(r)?,
    })
}

fn put_state(w: &mut Writer, state: &StateRecord) {
    state.status.put(w);
    state.updated_at.put(w);
    state.completed_at.put(w);
    state.next_wake.put(w);
    state.custom_status.put(w);
    put_bytes(w, &state.bytes);
}

fn get_state(r: &mut Reader<'_>, flags: u8) -> Result<StateRecord, DecodeError> {
    Ok(StateRecord {
        status: Status::get(r)?,
        updated_at: Timestamp::get(r)?,
        completed_at: Wire::get(r)?,
        next_wake: Wire::get(r)?,
        recover: flags & RECOVER != 0,
        set_aside: flags & SET_ASIDE != 0,
        custom_status: Wire::get(r)?,
        bytes: get_bytes(r)?,
    })
}

fn put_bytes(w: &mut Writer, bytes: &[u8]) {
    w.varint(bytes.len() as u64);
    w.bytes(bytes);
}

fn get_bytes(r: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let length = r.length()?;
    Ok(r.take(length)?.to_vec())
}
