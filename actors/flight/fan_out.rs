//! Broadcasts on their way into outboxes. What several inputs in a row tell the same recipients goes into each outbox at
//! once: with a thousand of them, finding one in memory costs more than putting something into it.

use std::sync::Arc;

use crate::bells::Asleep;
use crate::frame::SharedFrame;
use crate::outbox::Outbox;
use crate::seats::{Heard, Hearers};

/// See the module. What it holds has been told before anything that is told later.
#[derive(Debug, Default)]
pub(super) struct FanOut {
    lines: Vec<Line>,
    recipients: Hearers,
    /// How many of the recipients have everything.
    served: usize,
    /// Who had to have the first so many lines before the others.
    ahead: Vec<(Arc<Outbox>, usize)>,
}

/// What one input tells.
#[derive(Debug)]
struct Line {
    frame: SharedFrame,
    not_to: Option<Arc<Outbox>>,
}

impl Line {
    fn is_for(&self, outbox: &Arc<Outbox>) -> bool {
        self.not_to.as_ref().is_none_or(|other| !Arc::ptr_eq(other, outbox))
    }
}

impl FanOut {
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether the recipients are being served: they get no more lines until all are.
    pub fn is_under_way(&self) -> bool {
        self.served > 0
    }

    /// Whether a line for these can go along.
    pub fn takes(&self, heard: &Heard) -> bool {
        self.is_empty() || !self.is_under_way() && Arc::ptr_eq(&self.recipients, &heard.by)
    }

    /// Adds a line that [`Self::takes`] it.
    pub fn add(&mut self, frame: SharedFrame, heard: Heard) {
        self.recipients = heard.by;
        self.lines.push(Line { frame, not_to: heard.not_by });
    }

    /// Before somebody is told something of his own: he gets what he is to hear before that.
    pub fn catch_up(&mut self, outbox: &Arc<Outbox>, asleep: &mut Asleep) {
        if self.is_empty() || !self.recipients.iter().any(|recipient| Arc::ptr_eq(recipient, outbox)) {
            return;
        }
        self.serve_one(outbox, asleep);
        match self.ahead.iter_mut().find(|(other, _)| Arc::ptr_eq(other, outbox)) {
            Some((_, has)) => *has = self.lines.len(),
            None => self.ahead.push((outbox.clone(), self.lines.len())),
        }
    }

    /// Serves as many recipients as there is a turn for. True: there are more.
    pub fn serve(&mut self, turn: &mut usize, asleep: &mut Asleep) -> bool {
        if self.is_empty() {
            return false;
        }
        while let Some(outbox) = self.recipients.get(self.served) {
            if *turn == 0 {
                return true;
            }
            self.serve_one(outbox, asleep);
            self.served += 1;
            *turn = turn.saturating_sub(self.lines.len());
        }
        *self = Self::default();
        false
    }

    pub fn serve_all(&mut self, asleep: &mut Asleep) {
        let mut turn = usize::MAX;
        self.serve(&mut turn, asleep);
    }

    fn serve_one(&self, outbox: &Arc<Outbox>, asleep: &mut Asleep) {
        let ahead = self.ahead.iter().find(|(other, _)| Arc::ptr_eq(other, outbox));
        let has = ahead.map_or(0, |(_, has)| *has);
        let lines = self.lines[has..].iter().filter(|line| line.is_for(outbox));
        outbox.push_all(lines.map(|line| &line.frame), asleep);
    }
}
