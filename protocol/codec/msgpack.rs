//! Reading MessagePack as strictly as JSON is read.
//!
//! Over `rmp`, because `rmp-serde` reads more than JSON has: numbers and binary data for names, binary data for text,
//! lists for structs; and says of the rest "wrong msgpack marker". What is ignored is looked at all the same.

mod fault;

use rmp::Marker;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::{DEPTH_MAX, Malformed, Notation, shortened};
use crate::ids::INTEGER_MAX;
use fault::{Broken, Fault};

/// A MessagePack message being read: what is left of it.
pub(super) struct MsgPack<'de> {
    rest: &'de [u8],
    depth: usize,
    /// Numbers that no message may have are passed over, and what JSON has no like of.
    forgiving: bool,
}

impl<'de> Notation<'de> for MsgPack<'de> {
    const NAME: &'static str = "MessagePack";
    type Error = Fault;
    type Reader<'a>
        = &'a mut Self
    where
        Self: 'a;

    fn over(bytes: &'de [u8]) -> Self {
        Self { rest: bytes, depth: 0, forgiving: false }
    }

    fn forgiving(bytes: &'de [u8]) -> Self {
        Self { forgiving: true, ..Self::over(bytes) }
    }

    fn reader(&mut self) -> Self::Reader<'_> {
        self
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(Fault::Broken(Broken::Trailing(bytes))),
        }
    }

    fn is_data(fault: &Fault) -> bool {
        matches!(fault, Fault::Data(_))
    }

    fn reason(fault: &Fault) -> String {
        shortened(&fault.to_string())
    }

    fn check_outline(bytes: &'de [u8]) -> Result<(), Malformed> {
        let broken = match bytes.first().map(|first| Marker::from_u8(*first)) {
            Some(Marker::FixMap(_) | Marker::Map16 | Marker::Map32) => return Ok(()),
            None => Broken::Cut,
            Some(Marker::Reserved) => Broken::NeverUsed,
            Some(_) => {
                return Err(Malformed::new("Failed to deserialize message: expected a map".to_owned(), None));
            }
        };
        Err(Malformed::new(format!("Invalid MessagePack: {}", Fault::Broken(broken)), None))
    }
}

/// One value, its header read. Lists and maps say how many values follow.
enum Value<'de> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Str(&'de str),
    List(usize),
    Map(usize),
}

impl Value<'_> {
    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Nil => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Unsigned(value) => Unexpected::Unsigned(*value),
            Self::Signed(value) => Unexpected::Signed(*value),
            Self::Float(value) => Unexpected::Float(*value),
            Self::Str(value) => Unexpected::Str(value),
            Self::List(_) => Unexpected::Seq,
            Self::Map(_) => Unexpected::Map,
        }
    }
}

impl<'de> MsgPack<'de> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Fault::Broken(Broken::Cut))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn length8(&mut self) -> Result<usize, Fault> {
        Ok(usize::from(u8::from_be_bytes(self.take()?)))
    }

    fn length16(&mut self) -> Result<usize, Fault> {
        Ok(usize::from(u16::from_be_bytes(self.take()?)))
    }

    fn length32(&mut self) -> Result<usize, Fault> {
        Ok(u32::from_be_bytes(self.take()?) as usize)
    }

    fn text(&mut self, bytes: usize) -> Result<Value<'de>, Fault> {
        let (text, rest) = self.rest.split_at_checked(bytes).ok_or(Fault::Broken(Broken::Cut))?;
        self.rest = rest;
        let text = std::str::from_utf8(text).map_err(|error| Fault::Broken(Broken::NoText(error)))?;
        Ok(Value::Str(text))
    }

    fn signed(&self, value: i64) -> Result<Value<'de>, Fault> {
        if value < -INTEGER_MAX && !self.forgiving {
            return Err(inexact(Unexpected::Signed(value)));
        }
        Ok(u64::try_from(value).map_or(Value::Signed(value), Value::Unsigned))
    }

    fn float(&self, value: f64) -> Result<Value<'de>, Fault> {
        if !value.is_finite() && !self.forgiving {
            return Err(Fault::Data(format!("expected a finite number, found {value}")));
        }
        Ok(Value::Float(value))
    }

    /// Nothing is shorter than a byte: who announces more values than there are bytes, lies.
    fn several(&self, values: usize) -> Result<usize, Fault> {
        if values > self.rest.len() { Err(Fault::Broken(Broken::Cut)) } else { Ok(values) }
    }

    fn list(&self, values: usize) -> Result<Value<'de>, Fault> {
        Ok(Value::List(self.several(values)?))
    }

    fn map(&self, pairs: usize) -> Result<Value<'de>, Fault> {
        self.several(pairs.saturating_mul(2))?;
        Ok(Value::Map(pairs))
    }

    /// Binary data or an extension type.
    #[cold]
    fn foreign(&mut self, marker: Marker) -> Result<Value<'de>, Fault> {
        let is_binary = matches!(marker, Marker::Bin8 | Marker::Bin16 | Marker::Bin32);
        if !self.forgiving {
            return Err(Fault::Data(if is_binary {
                "binary data has no place in a message: text is str".to_owned()
            } else {
                "an extension type has no place in a message".to_owned()
            }));
        }
        let bytes = match marker {
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Bin8 | Marker::Ext8 => self.length8()?,
            Marker::Bin16 | Marker::Ext16 => self.length16()?,
            _ => self.length32()?,
        };
        // An extension says in one byte more which it is.
        let bytes = bytes.saturating_add(usize::from(!is_binary));
        self.rest = self.rest.get(bytes..).ok_or(Fault::Broken(Broken::Cut))?;
        Ok(Value::Nil)
    }

    #[inline]
    fn value(&mut self) -> Result<Value<'de>, Fault> {
        let [marker] = self.take()?;
        let value = match Marker::from_u8(marker) {
            Marker::FixPos(value) => Value::Unsigned(u64::from(value)),
            Marker::FixNeg(value) => Value::Signed(i64::from(value)),
            Marker::Null => Value::Nil,
            Marker::False => Value::Bool(false),
            Marker::True => Value::Bool(true),
            Marker::U8 => Value::Unsigned(u64::from(u8::from_be_bytes(self.take()?))),
            Marker::U16 => Value::Unsigned(u64::from(u16::from_be_bytes(self.take()?))),
            Marker::U32 => Value::Unsigned(u64::from(u32::from_be_bytes(self.take()?))),
            Marker::U64 => Value::Unsigned(u64::from_be_bytes(self.take()?)),
            Marker::I8 => self.take().map(i8::from_be_bytes).and_then(|value| self.signed(value.into()))?,
            Marker::I16 => self.take().map(i16::from_be_bytes).and_then(|value| self.signed(value.into()))?,
            Marker::I32 => self.take().map(i32::from_be_bytes).and_then(|value| self.signed(value.into()))?,
            Marker::I64 => self.take().map(i64::from_be_bytes).and_then(|value| self.signed(value))?,
            Marker::F32 => self.take().map(f32::from_be_bytes).and_then(|value| self.float(value.into()))?,
            Marker::F64 => self.take().map(f64::from_be_bytes).and_then(|value| self.float(value))?,
            Marker::FixStr(bytes) => self.text(usize::from(bytes))?,
            Marker::Str8 => self.length8().and_then(|bytes| self.text(bytes))?,
            Marker::Str16 => self.length16().and_then(|bytes| self.text(bytes))?,
            Marker::Str32 => self.length32().and_then(|bytes| self.text(bytes))?,
            Marker::FixArray(values) => self.list(usize::from(values))?,
            Marker::Array16 => self.length16().and_then(|values| self.list(values))?,
            Marker::Array32 => self.length32().and_then(|values| self.list(values))?,
            Marker::FixMap(pairs) => self.map(usize::from(pairs))?,
            Marker::Map16 => self.length16().and_then(|pairs| self.map(pairs))?,
            Marker::Map32 => self.length32().and_then(|pairs| self.map(pairs))?,
            Marker::Reserved => return Err(Fault::Broken(Broken::NeverUsed)),
            foreign => self.foreign(foreign)?,
        };
        match value {
            Value::Unsigned(value) if value > INTEGER_MAX.unsigned_abs() && !self.forgiving => {
                Err(inexact(Unexpected::Unsigned(value)))
            }
            value => Ok(value),
        }
    }

    #[inline]
    fn visit<V: Visitor<'de>>(&mut self, value: Value<'de>, visitor: V) -> Result<V::Value, Fault> {
        match value {
            Value::Nil => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Unsigned(value) => visitor.visit_u64(value),
            Value::Signed(value) => visitor.visit_i64(value),
            Value::Float(value) => visitor.visit_f64(value),
            Value::Str(value) => visitor.visit_borrowed_str(value),
            Value::List(values) => self.inside(values, |items| visitor.visit_seq(items)),
            Value::Map(pairs) => self.inside(pairs, |items| visitor.visit_map(items)),
        }
    }

    fn inside<T>(
        &mut self,
        left: usize,
        work: impl FnOnce(&mut Items<'_, 'de>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth == DEPTH_MAX {
            return Err(Fault::Broken(Broken::TooDeep));
        }
        self.depth += 1;
        let mut items = Items { source: self, left };
        let done = work(&mut items)?;
        let left = items.left;
        self.depth -= 1;
        if left > 0 {
            return Err(Fault::Data(format!("{left} values too many")));
        }
        Ok(done)
    }
}

#[cold]
fn inexact(found: Unexpected) -> Fault {
    de::Error::invalid_value(found, &crate::ids::EXACT)
}

/// What is left of a list or a map.
struct Items<'a, 'de> {
    source: &'a mut MsgPack<'de>,
    left: usize,
}

impl<'de> de::SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.source).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> de::MapAccess<'de> for &mut Items<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        match self.source.value()? {
            Value::Str(name) => seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some),
            // Passed over with its value: no field is called so.
            other if self.source.forgiving && !matches!(other, Value::List(_) | Value::Map(_)) => {
                seed.deserialize(BorrowedStrDeserializer::new("")).map(Some)
            }
            other => Err(de::Error::invalid_type(other.unexpected(), &"a str as the name of a field")),
        }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(&mut *self.source)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> de::Deserializer<'de> for &mut MsgPack<'de> {
    type Error = Fault;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let value = self.value()?;
        self.visit(value, visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        const NIL: u8 = 0xc0;
        match self.rest.split_first() {
            Some((&NIL, rest)) => {
                self.rest = rest;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    // Neither of the next two by `deserialize_any`: some would take a list of bytes for text, or nothing for a map.
    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value()? {
            Value::Str(text) => visitor.visit_borrowed_str(text),
            other => Err(de::Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value()? {
            Value::Map(pairs) => self.inside(pairs, |items| visitor.visit_map(items)),
            other => Err(de::Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.value()? {
            Value::Str(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            other => Err(de::Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char string bytes byte_buf unit unit_struct
        seq tuple tuple_struct identifier ignored_any
    }
}
