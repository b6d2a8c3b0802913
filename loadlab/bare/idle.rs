//! `idle`: signed in, and nothing else but answering pings. What does it cost to be there?

use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::engine::{Engine, Handler, Outgoing};
use super::inbox::Frame;
use super::window::{Latencies, Scenario};

/// The load, or the lack of it.
#[derive(Debug)]
pub struct Idle {
    crowd: Crowd,
    nothing: Latencies,
}

impl Idle {
    pub fn new(crowd: Crowd) -> Self {
        Self { crowd, nothing: Latencies::default() }
    }
}

impl Scenario for Idle {
    fn drive(&mut self, _engine: &mut Engine) -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    fn stop(&mut self) {}

    fn is_drained(&self) -> bool {
        true
    }

    fn judge(&mut self) {
        self.crowd.finish();
    }

    fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    fn latencies(&mut self) -> &mut Latencies {
        &mut self.nothing
    }
}

impl Handler for Idle {
    fn opened(&mut self, _link: usize, _out: &mut Outgoing) {}

    fn frame(&mut self, link: usize, frame: Frame, out: &mut Outgoing) {
        self.crowd.hear(link, &frame, out);
    }

    fn closed(&mut self, link: usize, why: String) {
        self.crowd.ended(link, &why);
    }
}
