//! Built-in orchestrators: state machines in the Amazon States Language.
