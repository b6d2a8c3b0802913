//! The floor: the smallest server there can be, which writes frames that were made beforehand. What it costs is the
//! kernel's part; a real server is compared with it.

mod serve;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::LabError;
pub use serve::{Floor, serve};

/// What the floor does with what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Answers each frame; all answers of one read in one write
    Echo,
    /// Answers each frame with a write of its own
    EchoSingle,
    /// Each frame goes to everybody, all of one read in one write a member
    Room,
    /// Each frame goes to everybody, each by a write of its own
    RoomSingle,
    /// Everybody gets a frame at a fixed rate; what comes in is dropped
    World,
    /// Says nothing
    Idle,
}

/// `loadlab floor`.
#[derive(Debug, Args)]
pub struct FloorArgs {
    #[arg(long, value_enum)]
    mode: Mode,
    /// Where to listen; port 0 takes a free one, which is printed
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Payload of every frame it writes, in bytes
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    frame_bytes: u32,
    /// Of the mode world: frames a second
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    hz: u32,
    /// Ends by itself after so many seconds
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    secs: u64,
    /// Also on addresses that others can reach
    #[arg(long)]
    allow_remote: bool,
}

/// Does what the command line says, until its time is over.
///
/// # Errors
/// It can't listen, or epoll failed.
pub fn command(args: &FloorArgs) -> Result<ExitCode, LabError> {
    if !args.allow_remote && !args.listen.ip().is_loopback() {
        return Err(LabError::Remote(args.listen.to_string()));
    }
    crate::bare::raise_open_files();
    let failed = |error: std::io::Error| LabError::Bench(format!("--listen {}: {error}", args.listen));
    let listener = TcpListener::bind(args.listen).map_err(failed)?;
    println!("listening on http://{}", listener.local_addr().map_err(failed)?);
    let floor = Floor { mode: args.mode, frame_bytes: args.frame_bytes as usize, hz: args.hz };
    serve(listener, &floor, Duration::from_secs(args.secs)).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::{Floor, Mode, serve};
    use crate::bare::{Bench, Form, Load, Peer, Row, run};

    /// A short run of this load against the floor in this mode.
    fn round_trip(mode: Mode, load: Load, clients: usize) -> Row {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let floor = Floor { mode, frame_bytes: 300, hz: 100 };
        let floor = std::thread::spawn(move || serve(listener, &floor, Duration::from_secs(2)));
        let bench = Bench {
            load,
            peer: Peer::Floor,
            form: Form::Json,
            address,
            tokens: None,
            clients,
            sample: 1,
            ack_every: 32,
            warm_up: Duration::from_millis(50),
            measured: Duration::from_millis(300),
            drain: Duration::from_millis(1000),
            server_pid: Some(std::process::id()),
        };
        let row = run(&bench).unwrap();
        floor.join().unwrap().unwrap();
        row
    }

    #[test]
    fn the_client_gets_back_what_it_sent() {
        for (mode, rate) in [(Mode::Echo, 0.0), (Mode::EchoSingle, 0.0), (Mode::Echo, 2000.0)] {
            let row = round_trip(mode, Load::Echo { in_flight: 4, rate }, 5);
            assert!(row.faults.is_clean() && row.deliveries > 0, "{row}");
            assert_eq!((row.bytes_per_frame, row.deliveries_per_frame), (300.0, 1.0));
        }
    }

    #[test]
    fn everybody_hears_every_line() {
        for (mode, rate) in [(Mode::Room, 0.0), (Mode::RoomSingle, 0.0), (Mode::Room, 100.0)] {
            let row = round_trip(mode, Load::Room { in_flight: 3, rate, line_len: 40 }, 20);
            assert!(row.faults.is_clean() && row.deliveries > 0, "{row}");
            assert!(row.latency.count > 0 && row.server_cpu_us_per_delivery.is_some());
        }
    }

    #[test]
    fn a_server_that_forgets_a_member_is_found_out() {
        // Answers go to the sender alone.
        let row = round_trip(Mode::Echo, Load::Room { in_flight: 1, rate: 50.0, line_len: 40 }, 3);
        assert!(row.faults.lost > 0, "{row}");
    }
}
