//! Why a connection ended: the WebSocket close codes, in one list.

macro_rules! close_codes {
    ($($(#[doc = $meaning:literal])* $variant:ident = $code:literal $comeback:ident;)*) => {
        /// The close codes the server uses. What a client does about each is its `comeback`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CloseCode {
            $($(#[doc = $meaning])* $variant,)*
        }

        impl CloseCode {
            /// Every code, in ascending order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number in the close frame.
            pub fn number(self) -> u16 {
                match self { $(Self::$variant => $code),* }
            }

            /// What a client should do next.
            pub fn comeback(self) -> Comeback {
                match self { $(Self::$variant => Comeback::$comeback),* }
            }

            /// One or two sentences for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),*).trim_ascii()),* }
            }
        }
    };
}

/// What a client should do after its connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comeback {
    /// Connect again, after the `retry_after_ms` of the last `disconnect`, or with back-off.
    Again,
    /// Sign in anew first: the old token is of no use any more.
    SignIn,
    /// Correct the program first: it would happen again.
    Fix,
    /// Stay away unless a person asks for it.
    Never,
}

impl Comeback {
    /// The same in words, for the reference.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Again => "connect again, with back-off",
            Self::SignIn => "sign in anew, then connect",
            Self::Fix => "correct the program",
            Self::Never => "do not reconnect by itself",
        }
    }
}

close_codes! {
    /// The end that was asked for.
    Normal = 1000 Again;
    /// Nothing was heard of the client for too long.
    GoingAway = 1001 Again;
    /// The frames were no WebSocket protocol.
    ProtocolViolation = 1002 Fix;
    /// A text frame was not UTF-8.
    BadText = 1007 Fix;
    /// Abuse: limits ignored again and again, or too many connections.
    Abuse = 1008 Fix;
    /// A message was larger than the limit.
    TooBig = 1009 Fix;
    /// A defect of the server ended the session's actor too often.
    Internal = 1011 Again;
    /// The server restarts; a `disconnect` before it says when to come back.
    Restart = 1012 Again;
    /// The client read too slowly for what it was sent. Nothing of the session is lost yet.
    TooSlow = 1013 Again;
    /// A newer connection took over the session or its character.
    Replaced = 4001 Never;
    /// Nobody signed in in time.
    NotSignedIn = 4002 SignIn;
    /// An admin ended the session, or the account is banned.
    Kicked = 4003 Never;
    /// The token ended: expired, logged out, or the password was changed.
    TokenEnded = 4004 SignIn;
}

impl CloseCode {
    /// The meaning of a number in a close frame; `None` for one the server does not use.
    pub fn of_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseCode, Comeback};

    #[test]
    fn every_code_is_found_by_its_number_and_once() {
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::of_number(code.number()), Some(*code));
        }
        assert!(CloseCode::ALL.is_sorted_by_key(|code| code.number()));
        assert_eq!(CloseCode::of_number(4000), None);
    }

    #[test]
    fn a_client_never_fights_its_successor_or_a_ban() {
        let stay_away: Vec<u16> = CloseCode::ALL
            .iter()
            .filter(|code| code.comeback() == Comeback::Never)
            .map(|code| code.number())
            .collect();
        assert_eq!(stay_away, [4001, 4003]);
    }
}
