//! What each number may be, and which settings must agree with each other.

use toml::Value;

use super::Settings;

/// Every setting that is a number, with the least and the most it may be.
const BOUNDS: &[(&str, f64, f64)] = &[
    ("server.workers", 0.0, 256.0),
    ("server.drain_secs", 1.0, 60.0),
    ("limits.connections_per_ip", 1.0, 1e6),
    ("limits.characters_per_account", 1.0, 1000.0),
    ("limits.strikes", 1.0, 1e6),
    ("session.idle_secs", 60.0, 31_536_000.0),
    ("session.absolute_secs", 60.0, 31_536_000.0),
    ("session.per_account", 1.0, 1000.0),
    ("session.grace_secs", 0.0, 3600.0),
    ("ws.max_frame", 1024.0, 1_048_576.0),
    ("ws.max_message", 1024.0, 16_777_216.0),
    ("ws.max_fragments", 1.0, 4096.0),
    ("ws.preauth_secs", 1.0, 300.0),
    ("ws.preauth_messages", 1.0, 100.0),
    ("ws.preauth_bytes", 1024.0, 1_048_576.0),
    ("ws.ping_secs", 1.0, 300.0),
    ("ws.pong_wait_secs", 1.0, 600.0),
    ("ws.out_queue_bytes", 16384.0, 67_108_864.0),
    ("ws.out_queue_events", 16.0, 65536.0),
    ("ws.max_outbound_message", 1024.0, 1_048_576.0),
    ("tcp.user_timeout_secs", 1.0, 300.0),
    ("tcp.notsent_lowat", 1024.0, 16_777_216.0),
    ("tcp.sndbuf", 4096.0, 16_777_216.0),
    ("tcp.backlog", 1.0, 65535.0),
    ("http.head_timeout_secs", 1.0, 60.0),
    ("http.body_timeout_secs", 1.0, 300.0),
    ("http.body_rate_min", 1.0, 1_048_576.0),
    ("http.body_max", 1024.0, 16_777_216.0),
    ("http.keep_alive_secs", 1.0, 3600.0),
    ("http.connections_max", 0.0, 1e7),
    ("auth.argon2_memory_kib", 8.0, 4_194_304.0),
    ("auth.argon2_passes", 1.0, 100.0),
    ("auth.argon2_lanes", 1.0, 64.0),
    ("auth.hash_queue", 1.0, 4096.0),
    ("auth.password_min", 6.0, 128.0),
    ("store.readers", 1.0, 64.0),
    ("backup.every_hours", 0.0, 8760.0),
    ("backup.keep", 1.0, 1000.0),
    ("mesh.arbiters", 0.0, 256.0),
    ("mesh.mailbox_session", 16.0, 65536.0),
    ("mesh.mailbox_room", 16.0, 65536.0),
    ("mesh.mailbox_world_shard", 16.0, 65536.0),
    ("mesh.mailbox_trade", 16.0, 65536.0),
    ("mesh.mailbox_combat", 16.0, 65536.0),
    ("mesh.mailbox_party", 16.0, 65536.0),
    ("mesh.restarts_max", 1.0, 1000.0),
    ("mesh.restarts_secs", 1.0, 3600.0),
    ("mesh.quarantine_secs", 1.0, 3600.0),
    ("mesh.quarantine_max_secs", 1.0, 86400.0),
    ("mesh.passivate_secs", 1.0, 86400.0),
    ("world.tick_hz", 1.0, 60.0),
    ("world.view_range_m", 1.0, 10000.0),
    ("world.view_classic_max", 1.0, 200.0),
    ("world.updates_hz", 1.0, 60.0),
    ("world.save_every_ms", 100.0, 60000.0),
    ("world.ground_max", 0.0, 200.0),
    ("world.ground_max_each", 1.0, 200.0),
    ("world.ground_secs", 10.0, 86400.0),
    ("trade.window_secs", 5.0, 3600.0),
    ("trade.lines", 1.0, 60.0),
    ("party.members", 2.0, 6.0),
    ("party.invite_secs", 5.0, 86400.0),
    ("party.invitations", 1.0, 100.0),
    ("party.leader_away_secs", 1.0, 86400.0),
    ("party.away_secs", 1.0, 604800.0),
    ("combat.turn_secs", 2.0, 3600.0),
    ("combat.idle_turn_secs", 1.0, 3600.0),
    ("combat.absent_secs", 1.0, 3600.0),
    ("combat.muster_secs", 1.0, 60.0),
    ("combat.truce_secs", 0.0, 3600.0),
    ("combat.ambush_pause_secs", 0.0, 86400.0),
    ("combat.rounds", 1.0, 100000.0),
    ("combat.side", 1.0, 12.0),
    ("combat.guardian_party", 1.0, 12.0),
    ("combat.guardian_health_percent", 1.0, 1000.0),
    ("chat.history", 0.0, 1000.0),
    ("chat.keep_lines", 100.0, 1e7),
    ("chat.keep_whispers", 100.0, 1e8),
    ("p2p.iterations", 1000.0, 10_000_000.0),
    ("logs.max_mib", 1.0, 65536.0),
    ("logs.keep", 1.0, 1000.0),
    ("logs.lines_per_sec", 0.0, 1000.0),
];

/// # Errors
/// The sentence that says what `name` may be.
pub fn check(name: &str, value: &Value) -> Result<(), String> {
    let number = match value {
        Value::Integer(whole) => *whole as f64,
        Value::Float(number) => *number,
        _ => return Ok(()),
    };
    match BOUNDS.iter().find(|(bound, ..)| *bound == name) {
        Some((_, min, max)) if !(*min..=*max).contains(&number) => {
            Err(format!("{name} must be {min} to {max}, found {number}"))
        }
        _ => Ok(()),
    }
}

/// `given` says whether somebody has set what is named: who has not is not at fault.
///
/// # Errors
/// The setting at fault, and the sentence that says which other it contradicts.
pub fn check_together(
    settings: &Settings,
    given: impl Fn(&str) -> bool,
) -> Result<(), (&'static str, String)> {
    let agree = |holds: bool, name: &'static str, sentence: &str| {
        if holds { Ok(()) } else { Err((name, format!("{name} {sentence}"))) }
    };
    let at_most = |(less, small): (&'static str, i64), (more, large): (&'static str, i64), why: &str| {
        let (name, sentence) = match given(more) {
            true => (more, format!("less than {less}, which is {small}{why}; set {less} to {large} or less")),
            false => {
                (less, format!("more than {more}, which is {large}{why}; set {more} to {small} or more"))
            }
        };
        agree(small <= large, name, &format!("must not be {sentence}"))
    };
    let Settings { server, session, ws, tls, logs, party, combat, .. } = settings;
    let guardian = ("combat.guardian_party", combat.guardian_party as i64);
    let no_party = " (no party could challenge a guardian)";
    at_most(guardian, ("party.members", i64::from(party.members)), no_party)?;
    at_most(guardian, ("combat.side", combat.side as i64), no_party)?;
    at_most(("ws.max_frame", ws.max_frame as i64), ("ws.max_message", ws.max_message as i64), "")?;
    at_most(("session.idle_secs", session.idle_secs), ("session.absolute_secs", session.absolute_secs), "")?;
    agree(
        ws.out_queue_bytes >= 2 * ws.max_outbound_message,
        "ws.out_queue_bytes",
        "must hold at least two messages of ws.max_outbound_message",
    )?;
    agree(tls.cert.is_empty() || !tls.key.is_empty(), "tls.cert", "and tls.key must be given together")?;
    agree(tls.key.is_empty() || !tls.cert.is_empty(), "tls.key", "and tls.cert must be given together")?;
    agree(
        cfg!(feature = "tls") || tls.cert.is_empty(),
        "tls.cert",
        "is set, but this binary was built without the feature tls",
    )?;
    agree(
        server.public_url.is_empty() || is_origin(&server.public_url),
        "server.public_url",
        "must look like https://play.example.org",
    )?;
    agree(
        server.allowed_origins.iter().all(|origin| is_origin(origin)),
        "server.allowed_origins",
        "must hold origins such as https://game.example.org, without a path and never *",
    )?;
    agree(
        logs.level.split(',').all(is_level),
        "logs.level",
        "must be error, warn, info, debug or trace, or a list as in \"info,shardmesh_actors=debug\"",
    )
}

/// Scheme, host and perhaps a port; nothing behind.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', '*', ' ']))
}

/// A level, or a target and its level. A bare word would be taken for a target: it is a slip of the pen.
fn is_level(item: &str) -> bool {
    item.rsplit('=').next().is_some_and(|level| level.trim().parse::<log::LevelFilter>().is_ok())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use toml::{Table, Value};

    use super::BOUNDS;
    use crate::settings::layers::{DEFAULTS, Layers};

    #[test]
    fn every_number_has_bounds_and_every_bound_a_number() {
        let table: Table = DEFAULTS.parse().unwrap();
        let mut numbers = Vec::new();
        for (section, keys) in &table {
            for (key, value) in keys.as_table().unwrap() {
                if matches!(value, Value::Integer(_) | Value::Float(_)) {
                    numbers.push(format!("{section}.{key}"));
                }
            }
        }
        let mut bounds: Vec<String> = BOUNDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        numbers.sort();
        bounds.sort();
        assert_eq!(numbers, bounds);
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        for (text, expected) in [
            ("[ws]\nmax_message = 4096", "ws.max_message must not be less than ws.max_frame"),
            (
                "[party]\nmembers = 3",
                "party.members must not be less than combat.guardian_party, which is 4 (no party could challenge a \
                 guardian); set combat.guardian_party to 3 or less",
            ),
            (
                "[combat]\nguardian_party = 5",
                "combat.guardian_party must not be more than party.members, which is 4 (no party could challenge a \
                 guardian); set party.members to 5 or more",
            ),
            ("[combat]\nside = 2", "combat.side must not be less than combat.guardian_party, which is 4"),
            (
                "[session]\nabsolute_secs = 100",
                "session.absolute_secs must not be less than session.idle_secs",
            ),
            ("[tls]\ncert = \"a.pem\"", "tls.cert and tls.key must be given together"),
            ("[tls]\nkey = \"a.pem\"", "tls.key and tls.cert must be given together"),
            ("[server]\npublic_url = \"play.example.org\"", "server.public_url must look like"),
            ("[server]\nallowed_origins = [\"*\"]", "server.allowed_origins must hold origins"),
            (
                "[server]\nallowed_origins = [\"https://a.example/x\"]",
                "server.allowed_origins must hold origins",
            ),
            ("[logs]\nlevel = \"loud\"", "logs.level must be error"),
        ] {
            let error =
                Layers::new().text(Path::new("my.toml"), text).unwrap().load().unwrap_err().to_string();
            assert!(error.contains(expected) && error.starts_with("my.toml line 2"), "{text}: {error}");
        }
    }
}
