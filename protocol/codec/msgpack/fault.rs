//! Why MessagePack can't be read.

use std::fmt;
use std::str::Utf8Error;

use serde::de;

use crate::codec::DEPTH_MAX;

/// Why it can't be read.
#[derive(Debug)]
pub(in crate::codec) enum Fault {
    /// No MessagePack.
    Broken(Broken),
    /// Well written, but not what belongs there.
    Data(String),
}

/// What is wrong with bytes that are no MessagePack.
#[derive(Debug)]
pub(in crate::codec) enum Broken {
    Cut,
    Trailing(usize),
    TooDeep,
    NoText(Utf8Error),
    NeverUsed,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Broken(Broken::Cut) => out.write_str("it ends before all that it announces has come"),
            Self::Broken(Broken::Trailing(bytes)) => write!(out, "{bytes} bytes behind the message"),
            Self::Broken(Broken::TooDeep) => write!(out, "nested deeper than {DEPTH_MAX}"),
            Self::Broken(Broken::NoText(error)) => write!(out, "a str is no UTF-8: {error}"),
            Self::Broken(Broken::NeverUsed) => out.write_str("the byte c1, which MessagePack never uses"),
            Self::Data(reason) => out.write_str(reason),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    #[cold]
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::Data(reason.to_string())
    }
}
