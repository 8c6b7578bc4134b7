#![doc = include_str!("README.md")]

pub mod model;

pub mod format;
pub mod identity;

pub mod profile;

pub mod baseline;

pub mod detect;

pub mod incident;

pub mod engine;

pub mod tail;

pub mod store;

pub mod alert;

pub mod report;

pub mod web;

pub mod config;

pub mod survey;

pub mod app;

pub mod simulate;

pub mod evaluate;

pub mod cli;
