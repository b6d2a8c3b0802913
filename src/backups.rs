//! Backups on a schedule, and how many of them are kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use actors::World;
use actors::clock::iso8601;

use crate::settings::Settings;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const PREFIX: &str = "shardmesh-";
const SUFFIX: &str = ".db";

/// Makes a backup whenever the newest is older than `[backup] every_hours`; a restart changes nothing about that.
pub async fn keep_up(settings: Settings, world: World) {
    if settings.backup.every_hours == 0 {
        return;
    }
    let directory = settings.backup_dir();
    let every_ms = settings.backup.every_hours * 3_600_000;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let now_ms = world.clock().now().wall_ms;
        let newest_ms = newest(&directory).unwrap_or(0);
        if newest_ms.saturating_add_unsigned(every_ms) > now_ms {
            continue;
        }
        let file = directory.join(name(now_ms));
        match world.store().backup(&file).await {
            Ok(()) => log::info!("backup {}", file.display()),
            Err(error) => log::error!("the backup {} could not be made: {error}", file.display()),
        }
        if let Err(error) = prune(&directory, settings.backup.keep) {
            log::warn!("old backups in {} could not be removed: {error}", directory.display());
        }
    }
}

/// Its time in its name, so that names sort as they were made.
fn name(now_ms: i64) -> String {
    let time: String = iso8601(now_ms).chars().filter(|letter| letter.is_ascii_alphanumeric()).collect();
    format!("{PREFIX}{time}{SUFFIX}")
}

/// Our backups in `directory`, oldest first.
fn all(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(PREFIX) && name.ends_with(SUFFIX)
    };
    let entries: io::Result<Vec<PathBuf>> = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().is_ok_and(is_ours))
        .collect();
    let mut files = entries?;
    files.sort();
    Ok(files)
}

/// When the newest was made, in Unix milliseconds.
fn newest(directory: &Path) -> Option<i64> {
    let made = fs::metadata(all(directory).ok()?.last()?).and_then(|metadata| metadata.modified()).ok()?;
    i64::try_from(made.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

fn prune(directory: &Path, keep: usize) -> io::Result<()> {
    let files = all(directory)?;
    for file in &files[..files.len().saturating_sub(keep)] {
        fs::remove_file(file)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{all, name, newest, prune};

    #[test]
    fn only_the_newest_are_kept_and_strangers_stay() {
        let directory = tempfile::tempdir().unwrap();
        let touch = |name: &str| std::fs::write(directory.path().join(name), "").unwrap();
        for day in 0..5 {
            touch(&name(day * 86_400_000));
        }
        touch("mine.db");
        prune(directory.path(), 2).unwrap();
        let kept = all(directory.path()).unwrap();
        assert_eq!(kept.len(), 2);
        assert!(kept[1].ends_with("shardmesh-19700105T000000Z.db"), "{kept:?}");
        assert!(directory.path().join("mine.db").exists());
        assert!(newest(directory.path()).unwrap() > 0);
        assert_eq!(newest(&directory.path().join("none")), None);
    }
}
