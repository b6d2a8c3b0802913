//! Messages that come in several frames, put together within bounds.

use actix_http::ws::Item;
use bytes::BytesMut;

/// What the latest frame made of the message.
#[derive(Debug, PartialEq, Eq)]
pub enum Assembled {
    /// More is to come.
    Partly,
    Text(BytesMut),
    Binary(BytesMut),
    TooBig,
    OutOfOrder,
}

/// The message being put together, if any.
#[derive(Debug)]
pub struct Fragments {
    bytes_max: usize,
    count_max: usize,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    text: bool,
    bytes: BytesMut,
    count: usize,
}

impl Fragments {
    pub fn new(bytes_max: usize, count_max: usize) -> Self {
        Self { bytes_max, count_max, open: None }
    }

    pub fn add(&mut self, item: Item) -> Assembled {
        let (part, last) = match item {
            Item::FirstText(part) | Item::FirstBinary(part) if self.open.is_some() => {
                drop(part);
                return Assembled::OutOfOrder;
            }
            Item::FirstText(part) => {
                self.open = Some(Open { text: true, bytes: BytesMut::new(), count: 0 });
                (part, false)
            }
            Item::FirstBinary(part) => {
                self.open = Some(Open { text: false, bytes: BytesMut::new(), count: 0 });
                (part, false)
            }
            Item::Continue(part) => (part, false),
            Item::Last(part) => (part, true),
        };
        let Some(open) = &mut self.open else { return Assembled::OutOfOrder };
        open.count += 1;
        if open.count > self.count_max || open.bytes.len() + part.len() > self.bytes_max {
            self.open = None;
            return Assembled::TooBig;
        }
        open.bytes.extend_from_slice(&part);
        match self.open.take_if(|_| last) {
            None => Assembled::Partly,
            Some(Open { text: true, bytes, .. }) => Assembled::Text(bytes),
            Some(Open { text: false, bytes, .. }) => Assembled::Binary(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_http::ws::Item;
    use bytes::Bytes;

    use super::{Assembled, Fragments};

    fn part(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn parts_become_one_message() {
        let mut fragments = Fragments::new(10, 3);
        assert_eq!(fragments.add(Item::FirstText(part("a"))), Assembled::Partly);
        assert_eq!(fragments.add(Item::Continue(part("b"))), Assembled::Partly);
        assert_eq!(fragments.add(Item::Last(part("c"))), Assembled::Text("abc".into()));
        assert_eq!(fragments.add(Item::Last(part("d"))), Assembled::OutOfOrder);
    }

    #[test]
    fn neither_many_nor_large_parts_grow_without_end() {
        let mut fragments = Fragments::new(10, 3);
        assert_eq!(fragments.add(Item::FirstText(part("12345678901"))), Assembled::TooBig);
        assert_eq!(fragments.add(Item::FirstBinary(part("1"))), Assembled::Partly);
        assert_eq!(fragments.add(Item::FirstText(part("1"))), Assembled::OutOfOrder);
        assert_eq!(fragments.add(Item::Continue(part(""))), Assembled::Partly);
        assert_eq!(fragments.add(Item::Continue(part(""))), Assembled::Partly);
        assert_eq!(fragments.add(Item::Continue(part(""))), Assembled::TooBig);
    }
}
