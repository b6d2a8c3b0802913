//! Limits that are not one session's alone: by account, by address, by name.

use protocol::AccountId;

use crate::clock::Clock;
use crate::limits::{Buckets, Wait};
use crate::options::Options;

/// What costs enough to be counted by account and by address, over REST and WebSocket together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dear {
    /// A list of one's own things.
    List,
    /// Making, selecting or deleting a character.
    Character,
    /// How the world stands. Whoever is not signed in may ask, too.
    Question,
}

/// See the module. Each bucket is one for all the ways in.
pub struct Limiters {
    pub chat: Buckets<AccountId>,
    pub chat_wide: Buckets<AccountId>,
    pub whisper_new: Buckets<AccountId>,
    /// For accounts in their first hours.
    pub whisper_new_young: Buckets<AccountId>,
    pub trade_request: Buckets<AccountId>,
    /// Everybody in the location hears of it.
    pub ground: Buckets<AccountId>,
    /// Not by session: a new one would invite anew.
    pub party: Buckets<AccountId>,
    lists: Buckets<AccountId>,
    characters: Buckets<AccountId>,
    questions: Buckets<AccountId>,
    strangers_questions: Buckets<String>,
    dear: Buckets<String>,
    pub login: Buckets<(String, String)>,
    pub login_address: Buckets<String>,
    pub login_account: Buckets<String>,
    pub register: Buckets<String>,
}

impl Limiters {
    pub fn new(options: &Options, clock: Clock) -> Self {
        let rates = &options.rates;
        Self {
            chat: Buckets::new(rates.chat, clock),
            chat_wide: Buckets::new(rates.chat_wide, clock),
            whisper_new: Buckets::new(rates.whisper_new, clock),
            whisper_new_young: Buckets::new(rates.whisper_new_young, clock),
            trade_request: Buckets::new(rates.trade_request, clock),
            ground: Buckets::new(rates.ground, clock),
            party: Buckets::new(rates.party, clock),
            lists: Buckets::new(rates.lists, clock),
            characters: Buckets::new(rates.characters, clock),
            questions: Buckets::new(rates.world, clock),
            strangers_questions: Buckets::new(rates.world, clock),
            dear: Buckets::new(rates.dear, clock),
            login: Buckets::new(rates.login, clock),
            login_address: Buckets::new(rates.login_address, clock),
            login_account: Buckets::new(rates.login_account, clock),
            register: Buckets::new(rates.register, clock),
        }
    }

    /// Counts something dear, by `account` where there is one, and by `address`.
    ///
    /// # Errors
    /// [`Wait`] when it is too much for either.
    pub fn take_dear(&self, what: Dear, account: Option<AccountId>, address: &str) -> Result<(), Wait> {
        let by_account = match what {
            Dear::List => &self.lists,
            Dear::Character => &self.characters,
            Dear::Question => &self.questions,
        };
        match account {
            Some(account) => by_account.take(&account)?,
            None if what == Dear::Question => self.strangers_questions.take(&address.to_owned())?,
            None => {}
        }
        self.dear.take(&address.to_owned())
    }

    /// To be called now and then, or everybody who ever came is remembered.
    pub fn forget_quiet(&self) {
        for accounts in [&self.chat, &self.chat_wide, &self.whisper_new, &self.whisper_new_young] {
            accounts.forget_quiet();
        }
        for accounts in [&self.lists, &self.characters, &self.questions, &self.trade_request, &self.party] {
            accounts.forget_quiet();
        }
        self.ground.forget_quiet();
        for names in [&self.login_address, &self.login_account, &self.register] {
            names.forget_quiet();
        }
        for addresses in [&self.strangers_questions, &self.dear] {
            addresses.forget_quiet();
        }
        self.login.forget_quiet();
    }
}
