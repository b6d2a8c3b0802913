//! Accounts: who may come in. Used by the edge, which may await.

use protocol::auth::SessionInfo;
use protocol::{AccountId, CloseCode, ErrorCode, ErrorMessage, SessionId};
use rules::names;
use storage::StoreError;
use storage::accounts::{Account, Role};
use storage::requests::Keep;
use storage::sessions::{NewSession, SessionRow};

use crate::clock::iso8601;
use crate::errors::storage_error;
use crate::hasher::Verdict;
use crate::limits::Wait;
use crate::outbox::Farewell;
use crate::tokens::Token;
use crate::world::World;

/// Somebody who has just signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub token: Token,
    pub session_id: SessionId,
    pub account_id: AccountId,
    pub username: String,
    pub role: Role,
}

impl World {
    /// Makes an account. `address` is what limits are counted by.
    ///
    /// # Errors
    /// `INVALID` naming the field, `NAME_TAKEN`, `RATE_LIMITED`, `BUSY`, `STORAGE`.
    pub async fn register(
        &self,
        username: &str,
        password: &str,
        address: &str,
    ) -> Result<AccountId, ErrorMessage> {
        let name = names::user_name(username)?;
        let password = self.new_password(password)?;
        if self.options().limits_enabled {
            let wait = self.limiters().register.take(&address.to_owned());
            wait.map_err(|wait| limited(wait, "too many registrations from your address"))?;
        }
        let hash = self.hasher().hash(password).await?;
        let now_ms = self.clock().now().wall_ms;
        let key = name.key.clone();
        let create = storage::accounts::create(name.shown, name.key, Some(hash), Role::Player, now_ms);
        let account = self.store().write(create).await.map_err(|error| storage_error(&error))?;
        self.remember_here(account, &key, address).await?;
        Ok(account)
    }

    fn new_password(&self, password: &str) -> Result<String, ErrorMessage> {
        let options = &self.options().passwords;
        let password = names::new_password(password, options.length_min)?;
        if options.refuse_common && crate::common_passwords::is_common(&password) {
            let reason = "password: expected one that is not among the most common";
            return Err(ErrorMessage::new(ErrorCode::Invalid, reason).with("field", "password"));
        }
        Ok(password)
    }

    /// Signs somebody in by name and password.
    ///
    /// # Errors
    /// `BAD_CREDENTIALS` for an unknown name and a wrong password alike, `RATE_LIMITED`, `BUSY`, `STORAGE`.
    pub async fn sign_in(
        &self,
        username: &str,
        password: &str,
        address: &str,
    ) -> Result<SignedIn, ErrorMessage> {
        let key = names::sign_in_key(username);
        let known = self.is_known_here(&key, address).await?;
        self.before_sign_in(&key, address, known)?;
        // Once more, if the password changed, or its hash was renewed by another sign-in, while this one was compared.
        for _ in 0..2 {
            let Some(account) = self.account_of(&key, password).await? else { break };
            self.remember_here(account.id, &key, address).await?;
            if let Some(signed_in) = self.open_session(&account).await? {
                return Ok(signed_in);
            }
        }
        Err(bad_credentials())
    }

    /// Failures are counted before the password is looked at, by who and where: strangers who fail can't lock out
    /// the account's owner, who comes from elsewhere or has been here before.
    fn before_sign_in(&self, key: &str, address: &str, known: bool) -> Result<(), ErrorMessage> {
        if !self.options().limits_enabled {
            return Ok(());
        }
        let limiters = self.limiters();
        let too_many = |wait| limited(wait, "too many tries to sign in");
        limiters.login_address.take(&address.to_owned()).map_err(too_many)?;
        limiters.login.take(&(key.to_owned(), address.to_owned())).map_err(too_many)?;
        if !known {
            limiters.login_account.take(&key.to_owned()).map_err(too_many)?;
        }
        Ok(())
    }

    /// The account, if the password is its own. Takes as long for a name that nobody has.
    async fn account_of(&self, key: &str, password: &str) -> Result<Option<Account>, ErrorMessage> {
        let found = self.store().read(storage::accounts::by_name(key.to_owned())).await;
        let account = found.map_err(|error| storage_error(&error))?;
        let hash = account.as_ref().and_then(|account| account.password_hash.clone());
        let verdict = self.hasher().verify(names::shown_password(password), hash).await?;
        let Some(account) = account else { return Ok(None) };
        Ok(match verdict {
            Verdict::Wrong => None,
            Verdict::Right => Some(account),
            Verdict::Outdated(new) => Some(self.renew_hash(account, new).await),
        })
    }

    /// The settings for hashes changed since this password was hashed. Who it belongs to gets in whatever becomes of it.
    async fn renew_hash(&self, account: Account, new: String) -> Account {
        let renew = storage::accounts::renew_hash(account.id, account.password_hash.clone(), new.clone());
        match self.store().write(renew).await {
            Ok(()) => Account { password_hash: Some(new), ..account },
            // It changed meanwhile.
            Err(StoreError::NotFound) => account,
            Err(error) => {
                log::warn!("the hash of a password could not be renewed: {error}");
                account
            }
        }
    }

    /// Whose name and password these are, without signing anybody in.
    ///
    /// # Errors
    /// As [`Self::sign_in`].
    pub async fn check_password(
        &self,
        username: &str,
        password: &str,
        address: &str,
    ) -> Result<AccountId, ErrorMessage> {
        let key = names::sign_in_key(username);
        let known = self.is_known_here(&key, address).await?;
        self.before_sign_in(&key, address, known)?;
        match self.account_of(&key, password).await? {
            Some(account) => Ok(account.id),
            None => Err(bad_credentials()),
        }
    }

    /// `None`: the account was deleted, or has another password, by now.
    async fn open_session(&self, account: &Account) -> Result<Option<SignedIn>, ErrorMessage> {
        let token = Token::random();
        let options = self.options();
        let new = NewSession {
            session_id: SessionId(self.new_id()),
            account_id: account.id,
            token_hash: token.hash(),
            password_hash: account.password_hash.clone(),
            now: self.clock().now().wall_ms,
            idle_ms: options.session.idle_ms,
            absolute_ms: options.session.absolute_ms,
            keep: if options.limits_enabled { options.session.per_account } else { usize::MAX },
        };
        let session_id = new.session_id;
        let created = match self.store().write(storage::sessions::create(new)).await {
            Err(StoreError::NotFound) => return Ok(None),
            created => created.map_err(|error| storage_error(&error))?,
        };
        for evicted in created {
            let reason = "signed in elsewhere: this account has as many sessions as it may have";
            self.end_session(evicted, Farewell::new(CloseCode::Replaced, reason));
        }
        log::info!("session {session_id}: {} signed in", account.username);
        Ok(Some(SignedIn {
            token,
            session_id,
            account_id: account.id,
            username: account.username.clone(),
            role: account.role,
        }))
    }

    /// Who a token stands for. Using it keeps it alive.
    ///
    /// # Errors
    /// `UNAUTHORIZED` for a token that is none of ours, or has ended; `BUSY`, `STORAGE`.
    pub async fn authenticate(&self, token: &str) -> Result<SessionRow, ErrorMessage> {
        let ended = || ErrorMessage::new(ErrorCode::Unauthorized, "Invalid session token");
        let token = Token::parse(token).ok_or_else(ended)?;
        let now_ms = self.clock().now().wall_ms;
        let found = self.store().read(storage::sessions::by_token(token.hash(), now_ms)).await;
        let row = found.map_err(|error| storage_error(&error))?.ok_or_else(ended)?;
        self.note_use(row.session_id);
        Ok(row)
    }

    /// Ends one's own session: its token is of no use from now on, its connection closed.
    ///
    /// # Errors
    /// `NOT_FOUND` when it is not one of the account's; `BUSY`, `STORAGE`.
    pub async fn sign_out(&self, account: AccountId, session: SessionId) -> Result<(), ErrorMessage> {
        let ended = self.store().write(storage::sessions::end(session, account)).await;
        if !ended.map_err(|error| storage_error(&error))? {
            return Err(ErrorMessage::new(ErrorCode::NotFound, "you have no such session"));
        }
        self.end_and_wait(session, Farewell::new(CloseCode::TokenEnded, "signed out")).await;
        Ok(())
    }

    /// When it returns, the character's last position is on disk.
    async fn end_and_wait(&self, session: SessionId, farewell: Farewell) {
        if self.sessions().running(&session).is_none() {
            return;
        }
        let ended =
            self.ask(session, |to| crate::session::Mail::End { farewell: farewell.clone(), to: Some(to) });
        if let Err(error) = ended.await {
            log::warn!("session {session} did not end in time: {}", error.error_message);
        }
    }

    /// One's own sessions, the newest first.
    ///
    /// # Errors
    /// `BUSY`, `STORAGE`.
    pub async fn sessions_of(
        &self,
        account: AccountId,
        current: SessionId,
    ) -> Result<Vec<SessionInfo>, ErrorMessage> {
        let now_ms = self.clock().now().wall_ms;
        let rows = self.store().read(storage::sessions::list(account, now_ms)).await;
        let rows = rows.map_err(|error| storage_error(&error))?;
        Ok(rows.iter().map(|row| session_info(row, current)).collect())
    }

    /// Changes a password; every other session of the account ends.
    ///
    /// # Errors
    /// `BAD_CREDENTIALS` when the old one is wrong, `INVALID` for the new one, `RATE_LIMITED`, `BUSY`, `STORAGE`;
    /// `CONFLICT` when `keep` names a request that was served before.
    pub async fn change_password(
        &self,
        who: &SessionRow,
        old: &str,
        new: &str,
        address: &str,
        keep: Option<Keep<Vec<SessionId>>>,
    ) -> Result<(), ErrorMessage> {
        let new = self.new_password(new).map_err(|mut error| {
            error.details.insert("field".to_owned(), "new_password".into());
            error
        })?;
        self.confirm(who, old, address).await?;
        let hash = self.hasher().hash(new).await?;
        let change = storage::accounts::change_password(who.account_id, hash, Some(who.session_id));
        for other in self.store().write(change.keeping(keep)).await.map_err(|error| storage_error(&error))? {
            self.end_session(other, Farewell::new(CloseCode::TokenEnded, "the password was changed"));
        }
        Ok(())
    }

    /// Deletes an account with its characters and sessions. What its characters trade ends: they leave it.
    ///
    /// # Errors
    /// `BAD_CREDENTIALS` when the password is wrong, `CONFLICT` while one of its characters is in a combat,
    /// `RATE_LIMITED`, `BUSY`, `STORAGE`.
    pub async fn delete_account(
        &self,
        who: &SessionRow,
        password: &str,
        address: &str,
    ) -> Result<(), ErrorMessage> {
        self.confirm(who, password, address).await?;
        let delete = storage::accounts::delete(who.account_id, self.clock().now().wall_ms);
        for session in self.store().write(delete).await.map_err(|error| storage_error(&error))? {
            self.end_session(session, Farewell::new(CloseCode::TokenEnded, "the account was deleted"));
        }
        Ok(())
    }

    /// Asks for the password again before something that can't be undone.
    async fn confirm(&self, who: &SessionRow, password: &str, address: &str) -> Result<(), ErrorMessage> {
        let key = names::fold(&who.username);
        self.before_sign_in(&key, address, true)?;
        match self.account_of(&key, password).await? {
            Some(_) => Ok(()),
            None => {
                Err(ErrorMessage::new(ErrorCode::BadCredentials, "wrong password").with("field", "password"))
            }
        }
    }
}

/// Makes an account and a session without a password: for load scripts, by the command line beside a server.
///
/// # Errors
/// What the store says.
pub fn mint(
    store: &storage::Store,
    username: String,
    key: String,
    now_ms: i64,
    lifetime_ms: i64,
) -> Result<(AccountId, Token), StoreError> {
    let account = store.write(storage::accounts::create(username, key, None, Role::Player, now_ms)).wait()?;
    let token = Token::random();
    let new = NewSession {
        session_id: SessionId(uuid::Uuid::new_v4()),
        account_id: account,
        token_hash: token.hash(),
        password_hash: None,
        now: now_ms,
        idle_ms: lifetime_ms,
        absolute_ms: lifetime_ms,
        keep: 1,
    };
    store.write(storage::sessions::create(new)).wait()?;
    Ok((account, token))
}

fn session_info(row: &SessionRow, current: SessionId) -> SessionInfo {
    SessionInfo {
        session_id: row.session_id,
        current: row.session_id == current,
        created_at: iso8601(row.created_at),
        last_used_at: iso8601(row.last_used_at),
        expires_at: iso8601(row.expires_at),
    }
}

fn bad_credentials() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::BadCredentials, "unknown user name or wrong password")
}

fn limited(wait: Wait, why: &str) -> ErrorMessage {
    let reason = format!("{why}: try again in {} s", wait.retry_after_ms.div_ceil(1000));
    ErrorMessage::new(ErrorCode::RateLimited, reason).with("retry_after_ms", wait.retry_after_ms)
}
