//! The server as it is, with one route more: `/conformance/echo` says back what it hears. scripts/conformance starts it,
//! with settings from the environment, and ends it.

use std::error::Error;

use actix_web::rt::System;
use shardmesh::settings::Layers;
use shardmesh::{Stop, bind, logs, run};
use tokio::sync::watch;

fn main() -> Result<(), Box<dyn Error>> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Layers::new().environment(variables)?.load()?;
    logs::start(&settings.logs)?;
    let listener = bind(&settings)?;
    let address = listener.local_addr()?;
    // Nobody tells it to stop: whoever started it ends the process.
    let (_tell, stop) = watch::channel(Stop::NotYet);
    System::new().block_on(run(&settings, listener, stop, || println!("listening on ws://{address}")))?;
    Ok(())
}
