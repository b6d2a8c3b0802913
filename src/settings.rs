//! Every setting by name and type. `settings.toml` in the root holds the defaults and says what each is for;
//! this file only gives them types.

pub mod bounds;
pub mod layers;
pub mod rate;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

pub use layers::{Layers, Problem};
pub use rate::Rate;

/// Everything that can be set. Built by [`Layers::load`] only, so whoever holds one holds checked values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub server: Server,
    pub limits: Limits,
    pub session: Session,
    pub ws: Ws,
    pub tcp: Tcp,
    pub http: Http,
    pub auth: Auth,
    pub store: Store,
    pub backup: Backup,
    pub mesh: Mesh,
    pub world: World,
    pub trade: Trade,
    pub party: Party,
    pub combat: Combat,
    pub chat: Chat,
    pub p2p: P2p,
    pub tls: Tls,
    pub proxy: Proxy,
    pub logs: Logs,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub public_url: String,
    pub insecure: bool,
    pub allowed_origins: Vec<String>,
    pub workers: usize,
    pub drain_secs: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub enabled: bool,
    pub accept: Rate,
    pub connections_per_ip: usize,
    pub login_account: Rate,
    pub login_account_ip: Rate,
    pub login_ip: Rate,
    pub register_ip: Rate,
    pub register_ip_day: Rate,
    pub characters_per_account: u32,
    pub character_change: Rate,
    pub inventory: Rate,
    pub ground: Rate,
    pub trade: Rate,
    pub trade_request: Rate,
    pub party: Rate,
    pub combat: Rate,
    pub list: Rate,
    #[serde(rename = "move")]
    pub movement: Rate,
    pub chat: Rate,
    pub chat_wide: Rate,
    pub whisper_new_recipient: Rate,
    pub whisper_new_recipient_first_day: Rate,
    pub world: Rate,
    pub dear_ip: Rate,
    pub http_token: Rate,
    pub http_ip: Rate,
    pub ws_messages: Rate,
    pub ws_kib: Rate,
    pub ws_pings: Rate,
    pub ws_acks: Rate,
    pub strikes: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub idle_secs: i64,
    pub absolute_secs: i64,
    pub per_account: usize,
    pub grace_secs: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ws {
    pub max_frame: usize,
    pub max_message: usize,
    pub max_fragments: usize,
    pub preauth_secs: u64,
    pub preauth_messages: u32,
    pub preauth_bytes: usize,
    pub ping_secs: u64,
    pub pong_wait_secs: u64,
    pub out_queue_bytes: usize,
    pub out_queue_events: usize,
    pub max_outbound_message: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tcp {
    pub user_timeout_secs: u64,
    pub notsent_lowat: u32,
    pub sndbuf: usize,
    pub backlog: i32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub head_timeout_secs: u64,
    pub body_timeout_secs: u64,
    pub body_rate_min: u64,
    pub body_max: usize,
    pub keep_alive_secs: u64,
    pub connections_max: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub argon2_memory_kib: u32,
    pub argon2_passes: u32,
    pub argon2_lanes: u32,
    pub hash_queue: usize,
    pub password_min: usize,
    pub refuse_common_passwords: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    pub readers: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    pub dir: String,
    pub every_hours: u64,
    pub keep: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
    pub arbiters: usize,
    pub mailbox_session: usize,
    pub mailbox_room: usize,
    pub mailbox_world_shard: usize,
    pub mailbox_trade: usize,
    pub mailbox_combat: usize,
    pub mailbox_party: usize,
    pub restarts_max: usize,
    pub restarts_secs: u64,
    pub quarantine_secs: u64,
    pub quarantine_max_secs: u64,
    pub passivate_secs: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    pub tick_hz: u32,
    pub view_range_m: f64,
    pub view_classic_max: usize,
    pub updates_hz: u32,
    pub save_every_ms: u64,
    pub ground_max: u32,
    pub ground_max_each: u32,
    pub ground_secs: u32,
    pub content: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trade {
    pub window_secs: u64,
    pub lines: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    pub members: u32,
    pub invite_secs: i64,
    pub invitations: usize,
    pub leader_away_secs: u64,
    pub away_secs: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combat {
    pub turn_secs: u64,
    pub idle_turn_secs: u64,
    pub absent_secs: u64,
    pub muster_secs: u64,
    pub truce_secs: u64,
    pub ambushes: bool,
    pub ambush_pause_secs: u64,
    pub rounds: u32,
    pub side: usize,
    pub guardian_party: usize,
    pub guardian_health_percent: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    pub history: usize,
    pub keep_lines: usize,
    pub keep_whispers: usize,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct P2p {
    pub encryption: bool,
    pub encryption_key: String,
    pub iterations: u32,
}

impl std::fmt::Debug for P2p {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(
            out,
            "P2p {{ encryption: {}, encryption_key: …, iterations: {} }}",
            self.encryption, self.iterations
        )
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub cert: String,
    pub key: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    #[serde(deserialize_with = "networks")]
    pub trusted: Vec<IpNet>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    pub level: String,
    pub file: String,
    pub max_mib: u64,
    pub keep: usize,
    pub lines_per_sec: u32,
}

impl Settings {
    /// The directory scheduled backups go to.
    pub fn backup_dir(&self) -> PathBuf {
        if self.backup.dir.is_empty() {
            self.server.data.join("backups")
        } else {
            PathBuf::from(&self.backup.dir)
        }
    }

    pub fn has_tls(&self) -> bool {
        !self.tls.cert.is_empty()
    }
}

fn address<'de, D: Deserializer<'de>>(input: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(input)?;
    text.parse().map_err(|_| {
        let expected = "expected an address in numbers and a port, such as 127.0.0.1:8888 or [::1]:8888";
        serde::de::Error::custom(format!("{expected}, found {text:?}"))
    })
}

/// A plain address is the network of itself alone.
fn networks<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<IpNet>, D::Error> {
    Vec::<String>::deserialize(input)?
        .iter()
        .map(|text| {
            text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
                serde::de::Error::custom(format!(
                    "expected addresses or networks such as 10.0.0.0/8, found {text:?}"
                ))
            })
        })
        .collect()
}
