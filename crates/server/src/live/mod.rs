//! What happens now, and what happened lately: made once for all who watch.
//!
//! | module | holds |
//! | --- | --- |
//! | `series` | figures of the last hour and day, in steps |
//! | `recent` | how functions were called over the last minute |
//! | `reading` | the counters at one moment, and what lies between two |
//! | `broadcast` | once a second, what changed |
//! | `stream` | the server-sent events of one who watches |

mod broadcast;
mod reading;
mod recent;
mod series;
mod stream;

pub(crate) use broadcast::Live;
pub(crate) use recent::calls;
pub(crate) use series::{Of, Sampler, Span};
pub(crate) use stream::{Topics, stream};
