//! An order service that embeds Partita, and the shop whose microservices it orchestrates.
//!
//! | module | holds |
//! | --- | --- |
//! | [`domain`] | what the services and the workflows say to each other |
//! | [`workflow`] | the orchestrators `NewOrder` and `Payment` |
//! | [`activities`] | what they call, on top of the clients |
//! | [`clients`] | a typed client for each microservice |
//! | [`service`] | the order service's own HTTP routes |
//! | [`settings`] | what the order service reads from its environment |
//! | [`shop`] | all the microservices, in memory, with switches for trouble |
#![forbid(unsafe_code)]

pub mod activities;
pub mod clients;
pub mod domain;
pub mod service;
pub mod settings;
pub mod shop;
pub mod workflow;
