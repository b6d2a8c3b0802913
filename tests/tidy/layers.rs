//! Who may depend on whom: the crates of the workspace, and the libraries that belong to one layer.

use toml::Table;

use crate::Finding;

/// Each crate with the crates of ours it may use.
const LAYERS: [(&str, &[&str]); 8] = [
    ("protocol", &[]),
    ("rules", &["protocol"]),
    ("storage", &["protocol", "rules"]),
    ("actors", &["protocol", "rules", "storage"]),
    ("handlers", &["protocol", "rules", "storage", "actors"]),
    ("client", &["protocol"]),
    ("loadlab", &["protocol", "client"]),
    ("connectors", &[]),
];

/// Libraries that only these may name; the root package, which puts everything together, may too where it says so.
const RESERVED: [(&str, &[&str]); 5] = [
    ("rusqlite", &["storage"]),
    ("r2d2", &["storage"]),
    ("actix-web", &["handlers", ""]),
    ("actix-http", &["handlers", ""]),
    ("actix-web-actors", &["handlers"]),
];

/// Without I/O and async: of the libraries in the workspace, `protocol` and `rules` may not use these.
const IMPURE: [&str; 6] = ["tokio", "actix", "actix-rt", "reqwest", "socket2", "log"];

pub fn check(manifests: &[(String, String)]) -> Vec<Finding> {
    manifests.iter().flat_map(|(path, text)| check_one(path, text)).collect()
}

fn check_one(path: &str, text: &str) -> Vec<Finding> {
    let name = path.trim_end_matches("Cargo.toml").trim_end_matches('/');
    let layer = LAYERS.iter().find(|(layer, _)| *layer == name.split('/').next().unwrap_or_default());
    if layer.is_none() && !name.is_empty() {
        return vec![Finding::new(
            path,
            1,
            "a new crate: give it its line in LAYERS of tests/tidy/layers.rs",
        )];
    }
    let manifest: Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut findings = Vec::new();
    for dependency in dependencies(&manifest) {
        if let Some(advice) = complaint(name, layer.map(|(_, may)| *may), &dependency) {
            findings.push(Finding::new(path, line_of(text, &dependency), advice));
        }
    }
    findings
}

/// Why `name` may not depend on `dependency`. The root, which has no layer, may use all of ours.
fn complaint(name: &str, may: Option<&[&str]>, dependency: &str) -> Option<String> {
    let of_ours = LAYERS.iter().any(|(layer, _)| *layer == dependency);
    if let Some(may) = may.filter(|may| of_ours && !may.contains(&dependency)) {
        return Some(format!(
            "{name} may not know {dependency}, only {may:?}: move what needs it up a layer"
        ));
    }
    let owners = RESERVED.iter().find(|(library, _)| *library == dependency).map(|(_, owners)| *owners);
    if let Some(owners) = owners.filter(|owners| !owners.contains(&name)) {
        return Some(format!("{dependency} belongs to {owners:?}: call what they offer"));
    }
    let pure = matches!(name, "protocol" | "rules");
    (pure && IMPURE.contains(&dependency))
        .then(|| format!("{name} does no I/O and no async: it can't need {dependency}"))
}

/// Everything a crate depends on, in tests and on any platform too, by the name of the package.
fn dependencies(manifest: &Table) -> Vec<String> {
    const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let platforms = manifest.get("target").and_then(toml::Value::as_table);
    let platforms = platforms.into_iter().flat_map(|table| table.values().filter_map(toml::Value::as_table));
    let mut names = Vec::new();
    for table in std::iter::once(manifest).chain(platforms) {
        for listed in TABLES.iter().filter_map(|name| table.get(*name)?.as_table()) {
            for (name, how) in listed {
                let package = how.get("package").and_then(toml::Value::as_str).unwrap_or(name);
                names.push(package.trim_start_matches("shardmesh-").to_owned());
            }
        }
    }
    names
}

fn line_of(text: &str, dependency: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(dependency)).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::check_one;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check_one(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_layer_knows_only_those_below() {
        let cases = [
            ("protocol", "rules"),
            ("rules", "storage"),
            ("storage", "actors"),
            ("actors", "handlers"),
            ("handlers", "client"),
            ("client", "rules"),
            ("loadlab", "actors"),
            ("connectors/vyhub", "protocol"),
        ];
        for (name, dependency) in cases {
            let text = format!("[dev-dependencies]\n{dependency}.workspace = true\n");
            let found = complaints(&format!("{name}/Cargo.toml"), &text);
            assert!(found.len() == 1 && found[0].starts_with(&format!("{name}/Cargo.toml:2: ")), "{found:?}");
            let hidden = format!(
                "[target.'cfg(unix)'.dependencies]\nx = {{ package = \"shardmesh-{dependency}\" }}\n"
            );
            assert_eq!(complaints(&format!("{name}/Cargo.toml"), &hidden).len(), 1);
        }
        assert_eq!(complaints("actors/Cargo.toml", "[dependencies]\nrules.workspace = true\n"), [""; 0]);
        assert_eq!(complaints("Cargo.toml", "[dependencies]\nclient.workspace = true\n"), [""; 0]);
    }

    #[test]
    fn a_library_stays_in_its_layer() {
        for (path, library) in [
            ("actors/Cargo.toml", "rusqlite"),
            ("actors/Cargo.toml", "actix-web"),
            ("Cargo.toml", "actix-web-actors"),
            ("rules/Cargo.toml", "tokio"),
        ] {
            assert_eq!(
                complaints(path, &format!("[dependencies]\n{library} = \"1\"\n")).len(),
                1,
                "{path} {library}"
            );
        }
        assert_eq!(complaints("storage/Cargo.toml", "[dependencies]\nrusqlite = \"1\"\n"), [""; 0]);
    }

    #[test]
    fn a_new_crate_needs_its_place() {
        assert_eq!(complaints("magic/Cargo.toml", "").len(), 1);
    }
}
