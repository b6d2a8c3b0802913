//! The command line of the load lab.

use std::process::ExitCode;

use shardmesh_loadlab::cli;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    // One thread, so that the server has the other cores, and one clock for sending and receiving.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("shardmesh-loadlab: {error}");
            return ExitCode::from(2);
        }
    };
    runtime.block_on(cli::main())
}
