//! Where settings come from: the built-in file, the user's file, the environment, flags; the last wins.
//! Every value keeps its origin, so that a complaint names the line or the variable.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::{Settings, bounds};

/// The defaults, and the page that explains them.
pub const DEFAULTS: &str = include_str!("../../settings.toml");
/// What an environment variable that sets something starts with.
pub const ENV_PREFIX: &str = "SHARDMESH__";

/// Who said a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Default => out.write_str("built-in settings"),
            Self::File { path, line } => write!(out, "{} line {line}", path.display()),
            Self::Environment(name) => write!(out, "environment variable {name}"),
            Self::Flag(name) => write!(out, "flag {name}"),
        }
    }
}

/// What is wrong with the settings, and where.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("{path}: can't read the settings file: {error}")]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{origin}: {sentence}")]
    Wrong { origin: Origin, sentence: String },
}

/// The values so far, by "section.key".
#[derive(Debug, Clone)]
pub struct Layers {
    values: BTreeMap<String, (Value, Origin)>,
}

impl Default for Layers {
    fn default() -> Self {
        Self::new()
    }
}

impl Layers {
    /// The defaults alone.
    pub fn new() -> Self {
        let table: Table = DEFAULTS.parse().expect("the built-in settings are TOML, as a test says");
        let mut values = BTreeMap::new();
        for (section, keys) in table {
            let Value::Table(keys) = keys else { continue };
            for (key, value) in keys {
                values.insert(format!("{section}.{key}"), (value, Origin::Default));
            }
        }
        Self { values }
    }

    /// Lays the file at `path` on top.
    ///
    /// # Errors
    /// The file can't be read, is no TOML, or names something that can't be set.
    pub fn file(self, path: &Path) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problem::Unreadable { path: path.to_owned(), error })?;
        self.text(path, &text)
    }

    /// Lays the text of a file on top.
    ///
    /// # Errors
    /// As [`Layers::file`].
    pub fn text(mut self, path: &Path, text: &str) -> Result<Self, Problem> {
        let at = |offset: usize| {
            let line =
                1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count();
            Origin::File { path: path.to_owned(), line }
        };
        let document = DeTable::parse(text).map_err(|error| Problem::Wrong {
            origin: at(error.span().map_or(0, |span| span.start)),
            sentence: error.message().to_owned(),
        })?;
        let plain: Table = text.parse().map_err(|error: toml::de::Error| Problem::Wrong {
            origin: at(error.span().map_or(0, |span| span.start)),
            sentence: error.message().to_owned(),
        })?;
        for (section, keys) in document.get_ref() {
            let DeValue::Table(keys) = keys.get_ref() else {
                let sentence =
                    format!("{} is no section; sections are {}", section.get_ref(), self.sections());
                return Err(Problem::Wrong { origin: at(section.span().start), sentence });
            };
            for key in keys.keys() {
                let name = format!("{}.{}", section.get_ref(), key.get_ref());
                let value = plain[section.get_ref().as_ref()][key.get_ref().as_ref()].clone();
                self.set(&name, value, at(key.span().start))?;
            }
            if keys.is_empty()
                && !self.values.keys().any(|name| name.starts_with(&format!("{}.", section.get_ref())))
            {
                let sentence = self.unknown(&format!("{}.", section.get_ref()));
                return Err(Problem::Wrong { origin: at(section.span().start), sentence });
            }
        }
        Ok(self)
    }

    /// Lays the variables that start with [`ENV_PREFIX`] on top; others are ignored.
    ///
    /// # Errors
    /// A variable names something that can't be set, or its value is of the wrong type.
    pub fn environment(mut self, variables: impl Iterator<Item = (String, String)>) -> Result<Self, Problem> {
        for (variable, text) in variables {
            let Some(rest) = variable.strip_prefix(ENV_PREFIX) else { continue };
            let name = rest.to_ascii_lowercase().replacen("__", ".", 1);
            let origin = Origin::Environment(variable.clone());
            let Some((like, _)) = self.values.get(&name) else {
                return Err(Problem::Wrong { sentence: self.unknown(&name), origin });
            };
            let value = read_like(like, &text);
            self.set(&name, value, origin)?;
        }
        Ok(self)
    }

    /// Lays what a flag said on top; `text` of `None` changes nothing.
    ///
    /// # Errors
    /// The value is of the wrong type.
    pub fn flag(mut self, flag: &'static str, name: &str, text: Option<String>) -> Result<Self, Problem> {
        if let Some(text) = text {
            self.set(name, Value::String(text), Origin::Flag(flag))?;
        }
        Ok(self)
    }

    /// Checks every value and gives them their types.
    ///
    /// # Errors
    /// A value is of the wrong type, out of its bounds, or contradicts another.
    pub fn load(&self) -> Result<Settings, Problem> {
        for (name, (value, origin)) in &self.values {
            bounds::check(name, value)
                .map_err(|sentence| Problem::Wrong { origin: origin.clone(), sentence })?;
        }
        let settings: Settings = serde_path_to_error::deserialize(self.table()).map_err(|error| {
            let name = error.path().to_string();
            self.wrong(&name, format!("{name}: {}", error.inner().message()))
        })?;
        let given = |name: &str| self.values.get(name).is_some_and(|(_, origin)| *origin != Origin::Default);
        bounds::check_together(&settings, given).map_err(|(name, sentence)| self.wrong(name, sentence))?;
        Ok(settings)
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        for (name, (value, _)) in &self.values {
            let (section, key) = name.split_once('.').expect("names are built with a dot");
            let keys = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(keys) = keys {
                keys.insert(key.to_owned(), value.clone());
            }
        }
        table
    }

    fn wrong(&self, name: &str, sentence: String) -> Problem {
        // A path into a list ("proxy.trusted[0]") still belongs to the setting.
        let name = name.split('[').next().unwrap_or(name);
        let origin = self.values.get(name).map_or(Origin::Default, |(_, origin)| origin.clone());
        Problem::Wrong { origin, sentence }
    }

    fn set(&mut self, name: &str, value: Value, origin: Origin) -> Result<(), Problem> {
        let Some((before, _)) = self.values.get(name) else {
            return Err(Problem::Wrong { origin, sentence: self.unknown(name) });
        };
        let value = match (before, value) {
            (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
            (_, value) => value,
        };
        if !before.same_type(&value) {
            let sentence =
                format!("{name} must be of type {}, found {}", before.type_str(), value.type_str());
            return Err(Problem::Wrong { origin, sentence });
        }
        self.values.insert(name.to_owned(), (value, origin));
        Ok(())
    }

    fn unknown(&self, name: &str) -> String {
        let (section, key) = name.split_once('.').unwrap_or((name, ""));
        let prefix = format!("{section}.");
        let siblings: Vec<&str> =
            self.values.keys().filter_map(|known| known.strip_prefix(&prefix)).collect();
        if siblings.is_empty() {
            return format!("there is no section [{section}]; sections are {}", self.sections());
        }
        format!("[{section}] has no key {key:?}; it has {}", siblings.join(", "))
    }

    fn sections(&self) -> String {
        let mut sections: Vec<&str> = self.values.keys().filter_map(|name| name.split('.').next()).collect();
        sections.dedup();
        sections.join(", ")
    }
}

/// Reads an environment variable as the type that its default has; what can't be read stays text, which
/// [`Layers::set`] then refuses.
fn read_like(like: &Value, text: &str) -> Value {
    let parsed = match like {
        Value::Integer(_) => text.trim().parse().map(Value::Integer).ok(),
        Value::Float(_) => text.trim().parse().map(Value::Float).ok(),
        Value::Boolean(_) => text.trim().parse().map(Value::Boolean).ok(),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Layers, Problem, Settings, Value};

    fn with(text: &str) -> Result<Settings, Problem> {
        Layers::new().text(Path::new("my.toml"), text)?.load()
    }

    fn complaint(text: &str) -> String {
        with(text).unwrap_err().to_string()
    }

    fn env(name: &str, value: &str) -> Result<Settings, Problem> {
        Layers::new().environment([(name.to_owned(), value.to_owned())].into_iter())?.load()
    }

    #[test]
    fn the_built_in_settings_are_whole_and_within_their_own_bounds() {
        let settings = Layers::new().load().unwrap();
        assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8888");
        assert_eq!(settings.ws.out_queue_bytes, 256 * 1024);
        assert!(settings.limits.enabled && !settings.server.insecure);
    }

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let settings = with("[ws]\nmax_frame = 2048\n[world]\nview_range_m = 50\n").unwrap();
        assert_eq!((settings.ws.max_frame, settings.ws.max_message), (2048, 65536));
        assert_eq!(settings.world.view_range_m, 50.0);
    }

    #[test]
    fn complaints_name_file_line_and_key() {
        for (text, expected) in [
            (
                "\n[ws]\nmax_fram = 1\n",
                "my.toml line 3: [ws] has no key \"max_fram\"; it has max_fragments, max_frame,",
            ),
            ("[wss]\nx = 1\n", "my.toml line 2: there is no section [wss]; sections are auth, backup,"),
            ("[wss]\n", "my.toml line 1: there is no section [wss]"),
            ("listen = 1\n", "my.toml line 1: listen is no section"),
            ("[ws]\nmax_frame = 12\n", "my.toml line 2: ws.max_frame must be 1024 to 1048576, found 12"),
            (
                "[ws]\nmax_frame = \"a\"\n",
                "my.toml line 2: ws.max_frame must be of type integer, found string",
            ),
            ("[limits]\nchat = \"often\"\n", "my.toml line 2: limits.chat: expected a rate such as"),
            ("[server]\nlisten = \"here\"\n", "my.toml line 2: server.listen: "),
            (
                "[proxy]\ntrusted = [\"10.0.0.0/8\", \"x\"]\n",
                "my.toml line 2: proxy.trusted: expected addresses or networks",
            ),
            ("[ws]\nmax_frame = 4096\nmax_frame = 4096\n", "my.toml line 3: "),
            ("[ws\n", "my.toml line 1: "),
        ] {
            let found = complaint(text);
            assert!(found.starts_with(expected), "{text:?}\n expected {expected}\n found    {found}");
        }
    }

    #[test]
    fn the_environment_sets_every_type_and_is_named_when_wrong() {
        assert_eq!(env("SHARDMESH__WS__MAX_FRAME", "2048").unwrap().ws.max_frame, 2048);
        assert!(!env("SHARDMESH__LIMITS__ENABLED", "false").unwrap().limits.enabled);
        assert_eq!(env("SHARDMESH__PROXY__TRUSTED", "10.0.0.0/8, ::1").unwrap().proxy.trusted.len(), 2);
        assert_eq!(env("SHARDMESH__LOGS__LEVEL", "debug").unwrap().logs.level, "debug");
        let wrong = env("SHARDMESH__WS__MAX_FRAME", "big").unwrap_err().to_string();
        assert_eq!(
            wrong,
            "environment variable SHARDMESH__WS__MAX_FRAME: ws.max_frame must be of type integer, found string"
        );
        let unknown = env("SHARDMESH__WS__NOPE", "1").unwrap_err().to_string();
        assert!(
            unknown.starts_with("environment variable SHARDMESH__WS__NOPE: [ws] has no key \"nope\""),
            "{unknown}"
        );
        assert!(env("PATH", "/bin").is_ok());
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let layers = Layers::new()
            .text(Path::new("my.toml"), "[server]\nlisten = \"127.0.0.1:1\"\ndata = \"file\"\n")
            .unwrap()
            .environment([("SHARDMESH__SERVER__LISTEN".to_owned(), "127.0.0.1:2".to_owned())].into_iter())
            .unwrap()
            .flag("--listen", "server.listen", Some("127.0.0.1:3".to_owned()))
            .unwrap()
            .flag("--data", "server.data", None)
            .unwrap();
        let settings = layers.load().unwrap();
        assert_eq!(settings.server.listen.port(), 3);
        assert_eq!(settings.server.data, Path::new("file"));
        let wrong =
            layers.flag("--listen", "server.listen", Some("x".to_owned())).unwrap().load().unwrap_err();
        assert!(wrong.to_string().starts_with("flag --listen: server.listen: "), "{wrong}");
    }

    #[test]
    fn a_default_is_a_value_of_the_type_it_is_read_as() {
        assert!(Layers::new().values.values().all(|(value, _)| !matches!(value, Value::Table(_))));
    }
}
