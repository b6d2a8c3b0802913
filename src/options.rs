//! Settings as the options of the crates that use them.

use std::time::Duration;

use actors::options::{
    ChatOptions, CombatOptions, EncryptionOptions, Mailboxes, PartyOptions, PasswordOptions, Rates, Restarts,
    SessionOptions, TradeOptions, WorldOptions,
};
use actors::outbox::OutboxLimits;
use handlers::listener::TcpOptions;
use handlers::options::{EdgeLimits, HttpOptions, WsOptions};
use rules::combat::CombatLimits;
use rules::ground::GroundLimits;
use rules::party::PartyLimits;

use crate::secrets::Secrets;
use crate::settings::Settings;

/// What the world runs by.
pub fn of_world(settings: &Settings, secrets: &Secrets) -> actors::Options {
    let Settings { limits, session, ws, mesh, world, trade, party, chat, .. } = settings;
    actors::Options {
        arbiters: mesh.arbiters,
        mailboxes: Mailboxes {
            session: mesh.mailbox_session,
            room: mesh.mailbox_room,
            world_shard: mesh.mailbox_world_shard,
            trade: mesh.mailbox_trade,
            combat: mesh.mailbox_combat,
            party: mesh.mailbox_party,
        },
        restarts: Restarts {
            panics_max: mesh.restarts_max,
            window_ms: mesh.restarts_secs * 1000,
            quarantine_ms: mesh.quarantine_secs * 1000,
            quarantine_max_ms: mesh.quarantine_max_secs * 1000,
        },
        passivate_ms: mesh.passivate_secs * 1000,
        session: SessionOptions {
            idle_ms: session.idle_secs * 1000,
            absolute_ms: session.absolute_secs * 1000,
            per_account: session.per_account,
            grace_ms: session.grace_secs * 1000,
            characters_max: limits.characters_per_account,
            ping_ms: ws.ping_secs * 1000,
            pong_wait_ms: ws.pong_wait_secs * 1000,
            strikes_max: limits.strikes,
        },
        outbox: OutboxLimits { events_max: ws.out_queue_events, bytes_max: ws.out_queue_bytes },
        passwords: passwords(settings),
        rates: rates(settings),
        limits_enabled: limits.enabled,
        world: WorldOptions {
            tick_hz: world.tick_hz,
            view_range_m: world.view_range_m,
            view_max: world.view_classic_max,
            updates_hz: world.updates_hz,
            save_every_ms: world.save_every_ms,
            ground: GroundLimits {
                most: world.ground_max,
                most_each: world.ground_max_each,
                lie_ms: i64::from(world.ground_secs) * 1000,
            },
        },
        trade: TradeOptions { window_ms: trade.window_secs * 1000, lines_max: trade.lines },
        party: PartyOptions {
            members_max: party.members,
            limits: PartyLimits {
                invite_ms: party.invite_secs * 1000,
                invites_max: party.invitations,
                leader_away_ms: party.leader_away_secs * 1000,
                away_ms: party.away_secs * 1000,
            },
        },
        chat: ChatOptions {
            history: chat.history,
            keep_lines: chat.keep_lines,
            keep_whispers: chat.keep_whispers,
            page_bytes: ws.max_outbound_message,
        },
        combat: combat(settings),
        encryption: encryption(settings, secrets),
        seed: None,
    }
}

fn combat(settings: &Settings) -> CombatOptions {
    let combat = &settings.combat;
    CombatOptions {
        limits: CombatLimits {
            turn_ms: combat.turn_secs * 1000,
            idle_turn_ms: combat.idle_turn_secs * 1000,
            absent_ms: combat.absent_secs * 1000,
            muster_ms: combat.muster_secs * 1000,
            rounds_max: combat.rounds,
            side_max: combat.side,
            guardian_min: combat.guardian_party.min(combat.side),
            guardian_health_percent: combat.guardian_health_percent,
        },
        truce_ms: combat.truce_secs * 1000,
        ambushes: combat.ambushes,
        ambush_pause_ms: combat.ambush_pause_secs * 1000,
    }
}

/// How passwords are hashed.
pub fn passwords(settings: &Settings) -> PasswordOptions {
    let auth = &settings.auth;
    PasswordOptions {
        memory_kib: auth.argon2_memory_kib,
        iterations: auth.argon2_passes,
        parallelism: auth.argon2_lanes,
        queue: auth.hash_queue,
        length_min: auth.password_min,
        refuse_common: auth.refuse_common_passwords,
    }
}

fn rates(settings: &Settings) -> Rates {
    let limits = &settings.limits;
    Rates {
        messages: limits.ws_messages.0,
        kibibytes: limits.ws_kib.0,
        moves: limits.movement.0,
        chat: limits.chat.0,
        chat_wide: limits.chat_wide.0,
        whisper_new: limits.whisper_new_recipient.0,
        whisper_new_young: limits.whisper_new_recipient_first_day.0,
        acks: limits.ws_acks.0,
        lists: limits.list.0,
        world: limits.world.0,
        characters: limits.character_change.0,
        dear: limits.dear_ip.0,
        inventory: limits.inventory.0,
        ground: limits.ground.0,
        trade: limits.trade.0,
        trade_request: limits.trade_request.0,
        party: limits.party.0,
        combat: limits.combat.0,
        login: limits.login_account_ip.0,
        login_address: limits.login_ip.0,
        login_account: limits.login_account.0,
        register: limits.register_ip.0,
    }
}

fn encryption(settings: &Settings, secrets: &Secrets) -> Option<EncryptionOptions> {
    let p2p = &settings.p2p;
    let password =
        if p2p.encryption_key.is_empty() { &secrets.p2p_encryption_key } else { &p2p.encryption_key };
    p2p.encryption.then(|| EncryptionOptions { password: password.clone(), iterations: p2p.iterations })
}

/// What the edge runs by. `connections_max` is what the open files allow.
pub fn of_edge(settings: &Settings, workers: usize, connections_max: usize) -> handlers::Options {
    let Settings { server, limits, session, ws, http, proxy, .. } = settings;
    handlers::Options {
        public_url: Some(server.public_url.clone()).filter(|url| !url.is_empty()),
        secure_cookies: settings.has_tls() || server.public_url.starts_with("https://"),
        allowed_origins: server.allowed_origins.clone(),
        trusted_proxies: proxy.trusted.clone(),
        workers,
        drain: Duration::from_secs(server.drain_secs),
        cookie_age: Duration::from_secs(session.absolute_secs.unsigned_abs()),
        http: HttpOptions {
            head_timeout: Duration::from_secs(http.head_timeout_secs),
            body_timeout: Duration::from_secs(http.body_timeout_secs),
            body_rate_min: http.body_rate_min,
            body_max: http.body_max,
            keep_alive: Duration::from_secs(http.keep_alive_secs),
            connections_max,
        },
        ws: WsOptions {
            max_frame: ws.max_frame,
            max_message: ws.max_message,
            max_fragments: ws.max_fragments,
            preauth: Duration::from_secs(ws.preauth_secs),
            preauth_messages: ws.preauth_messages,
            preauth_bytes: ws.preauth_bytes,
            pings: limits.ws_pings.0,
        },
        limits: limits.enabled.then_some(EdgeLimits {
            accept: limits.accept.0,
            connections_per_ip: limits.connections_per_ip,
            session: limits.http_token.0,
            ip: limits.http_ip.0,
            register_day: limits.register_ip_day.0,
        }),
    }
}

/// What the kernel is told of each connection.
pub fn of_tcp(settings: &Settings) -> TcpOptions {
    let tcp = &settings.tcp;
    TcpOptions {
        user_timeout: Duration::from_secs(tcp.user_timeout_secs),
        notsent_lowat: tcp.notsent_lowat,
        sndbuf: tcp.sndbuf,
        backlog: tcp.backlog,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{of_edge, of_tcp, of_world};
    use crate::secrets::Secrets;
    use crate::settings::{Layers, Settings};

    fn with(text: &str) -> Settings {
        Layers::new().text(Path::new("my.toml"), text).unwrap().load().unwrap()
    }

    fn secrets() -> Secrets {
        Secrets { p2p_encryption_key: "made".to_owned() }
    }

    /// Two places that say the same number must not drift apart.
    #[test]
    fn the_settings_say_what_the_world_does_without_them() {
        let from_settings = actors::Options { encryption: None, ..of_world(&with(""), &secrets()) };
        let register = from_settings.rates.register;
        assert!(register.every_ms.abs_diff(5_900) < 50);
        let default = actors::Options::default();
        let rates = actors::options::Rates {
            register: default.rates.register,
            characters: default.rates.characters,
            ..from_settings.rates
        };
        assert_eq!(format!("{:?}", actors::Options { rates, ..from_settings }), format!("{default:?}"));
    }

    /// What keeps slow and dead clients from holding anything up.
    #[test]
    fn deadlines_and_socket_options_are_the_promised_ones() {
        let (settings, secs) = (with(""), Duration::from_secs);
        let tcp = of_tcp(&settings);
        assert_eq!(
            (tcp.user_timeout, tcp.notsent_lowat, tcp.sndbuf, tcp.backlog),
            (secs(8), 16_384, 65_536, 1_024)
        );
        let edge = of_edge(&settings, 1, 100);
        assert_eq!(
            (edge.ws.preauth, edge.http.head_timeout, edge.http.body_timeout),
            (secs(10), secs(5), secs(10))
        );
        assert_eq!(edge.http.body_rate_min, 1_024);
        let session = of_world(&settings, &secrets()).session;
        // Half-open connections are found within 45 s, the jitter and the sweep's second included.
        assert!(session.ping_ms * 11 / 10 + session.pong_wait_ms + 1_000 <= 45_000);
    }

    #[test]
    fn a_key_of_ones_own_goes_before_the_one_that_was_made() {
        let key = |text| of_world(&with(text), &secrets()).encryption.map(|encryption| encryption.password);
        assert_eq!(key(""), Some("made".to_owned()));
        assert_eq!(key("[p2p]\nencryption_key = \"mine\""), Some("mine".to_owned()));
        assert_eq!(key("[p2p]\nencryption = false"), None);
    }

    #[test]
    fn cookies_are_secure_behind_https() {
        let secure = |text| of_edge(&with(text), 1, 100).secure_cookies;
        assert!(!secure(""));
        assert!(secure("[server]\npublic_url = \"https://play.example.org\""));
        assert!(of_edge(&with("[limits]\nenabled = false"), 1, 100).limits.is_none());
    }
}
