//! The binary as a program: one run with some arguments, from start to end.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The binary, deaf to the settings of whoever runs the tests. It starts in `directory`.
pub fn shardmesh(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shardmesh"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SHARDMESH__") {
            command.env_remove(name);
        }
    }
    // Cheap passwords: what hashing costs is not what is tested here.
    command.env("SHARDMESH__AUTH__ARGON2_MEMORY_KIB", "8").env("SHARDMESH__AUTH__ARGON2_PASSES", "1");
    command.env_remove("RUST_LOG").env("NO_COLOR", "1").current_dir(directory).stdin(Stdio::null());
    command
}

/// How one run ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the binary to its end, with `data` in the directory.
pub fn run(directory: &Path, arguments: &[&str]) -> Ended {
    ended(shardmesh(directory).args(arguments).output().expect("the binary was built"))
}

fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("its output is text"),
        err: String::from_utf8(output.stderr).expect("its complaints are text"),
    }
}

impl Ended {
    /// The output, of a run that must have gone well.
    pub fn expect_success(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// The one line of complaint, of a run that must have failed with exit code 1.
    pub fn expect_complaint(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        let lines: Vec<&str> = self.err.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(lines.len(), 1, "one line says why: {self:?}");
        lines[0].to_owned()
    }
}
