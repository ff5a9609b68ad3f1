//! Hosts functions written for the FDKs of the Fn Project in processes of their own.
