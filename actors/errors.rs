//! How the world's troubles are told: the store's errors as the codes of the wire.

use protocol::{ErrorCode, ErrorMessage};
use storage::StoreError;

/// For whoever came while something before it could not be saved.
pub fn forgone() -> ErrorMessage {
    ErrorMessage::new(
        ErrorCode::Busy,
        "what came before it could not be saved: nothing was changed, try again",
    )
    .with("retry_after_ms", 100)
}

/// What a caller is told of a store that did not do what it was asked. Logged here, once, where it is our trouble.
pub fn storage_error(error: &StoreError) -> ErrorMessage {
    match error {
        StoreError::Forgone => forgone(),
        StoreError::Busy => ErrorMessage::new(ErrorCode::Busy, "the server is overloaded: try again")
            .with("retry_after_ms", 500),
        StoreError::NotFound => {
            ErrorMessage::new(ErrorCode::NotFound, "there is no such thing, or it is not yours")
        }
        StoreError::Conflict("name") => {
            ErrorMessage::new(ErrorCode::NameTaken, "this name is taken").with("field", "name")
        }
        StoreError::Conflict("username") => {
            ErrorMessage::new(ErrorCode::NameTaken, "this user name is taken").with("field", "username")
        }
        StoreError::Conflict("combat") => {
            ErrorMessage::new(ErrorCode::Conflict, "the character is in a fight: try again when that is over")
        }
        StoreError::Conflict(what) => {
            ErrorMessage::new(ErrorCode::Conflict, format!("{what} was used before")).with("field", *what)
        }
        StoreError::TooMany => ErrorMessage::new(
            ErrorCode::TooManyCharacters,
            "this account has as many characters as it may have: delete one first",
        ),
        other => {
            log::error!("the store: {other}");
            ErrorMessage::new(ErrorCode::Storage, "it could not be saved or read: nothing was changed")
        }
    }
}
