//! Tables of fields, from a JSON Schema and an example. The example gives the order, which a schema does not keep.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

const DEFS: &str = "#/$defs/";

/// What an example is made of, with its fields in their order.
pub(super) enum Shape {
    Object(Vec<(String, Shape)>),
    List(Vec<Shape>),
    Plain,
}

impl Shape {
    fn field(&self, name: &str) -> &Self {
        match self {
            Self::Object(fields) => {
                fields.iter().find(|(known, _)| known == name).map_or(&Self::Plain, |(_, shape)| shape)
            }
            Self::List(items) => items.first().map_or(&Self::Plain, |item| item.field(name)),
            Self::Plain => &Self::Plain,
        }
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::Object(fields) => fields.iter().map(|(name, _)| name.as_str()).collect(),
            Self::List(items) => items.first().map_or_else(Vec::new, Self::names),
            Self::Plain => Vec::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Shape::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Shape::List(items))
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Plain)
    }
}

/// The types that tables spoke of, each with its own section.
#[derive(Default)]
pub(super) struct Types(BTreeMap<String, String>);

impl Types {
    pub(super) fn sections(&self) -> String {
        self.0.iter().map(|(name, text)| format!("\n### {name}\n\n{text}")).collect()
    }

    /// The fields of `schema`, one a row; empty where there are none.
    pub(super) fn table(&mut self, schema: &Value, example: &Shape, present: &str) -> String {
        self.rows(schema, &schema["$defs"], example, present)
    }

    fn rows(&mut self, schema: &Value, defs: &Value, example: &Shape, present: &str) -> String {
        let Some(properties) = schema["properties"].as_object() else { return String::new() };
        let required: BTreeSet<&str> = texts(&schema["required"]).collect();
        let mut names = example.names();
        names.retain(|name| properties.contains_key(*name));
        names.extend(properties.keys().map(String::as_str).filter(|name| !example.names().contains(name)));
        let mut table = format!("| field | type | {present} | meaning |\n|---|---|---|---|\n");
        for name in names {
            let field = &properties[name];
            let kind = self.kind(field, defs, example.field(name));
            let yes = if required.contains(name) { "yes" } else { "no" };
            table += &format!("| `{name}` | {kind} | {yes} | {} |\n", meaning(field, defs));
        }
        table
    }

    /// What a field holds, in words; whatever needs more than words gets a section of its own.
    fn kind(&mut self, field: &Value, defs: &Value, example: &Shape) -> String {
        if let Some(name) = named(field) {
            return self.named_kind(name, defs, example);
        }
        let kinds: Vec<&str> = texts(&field["type"]).filter(|kind| *kind != "null").collect();
        match kinds.first().copied() {
            Some("array") => format!("list of {}", self.kind(&field["items"], defs, example)),
            Some("object") if field["additionalProperties"].is_object() => {
                format!("object of {}", self.kind(&field["additionalProperties"], defs, example))
            }
            Some("string") => match (field["minLength"].as_u64(), field["maxLength"].as_u64()) {
                (Some(0), Some(max)) => format!("string, up to {max} characters"),
                (Some(min), Some(max)) => format!("string, {min} to {max} characters"),
                _ => "string".to_owned(),
            },
            Some(kind) => kind.to_owned(),
            None => "any".to_owned(),
        }
    }

    fn named_kind(&mut self, name: &str, defs: &Value, example: &Shape) -> String {
        let schema = &defs[name];
        if let Some(kind) =
            schema["type"].as_str().filter(|kind| *kind != "object" && schema["enum"].is_null())
        {
            return kind.to_owned();
        }
        if name == "ErrorCode" {
            return "[error code](#error-codes)".to_owned();
        }
        if !self.0.contains_key(name) {
            // A placeholder first, so that a type which holds itself ends here.
            self.0.insert(name.to_owned(), String::new());
            let about = schema["description"].as_str().unwrap_or_default();
            let body = match values(schema) {
                listed if listed.is_empty() => self.rows(schema, defs, example, "always"),
                listed => listed,
            };
            self.0.insert(name.to_owned(), format!("{}\n\n{body}", in_one_line(about)));
        }
        format!("[{name}](#{})", name.to_lowercase())
    }
}

/// The values of an enumeration, one a row.
fn values(schema: &Value) -> String {
    let plain = texts(&schema["enum"]).map(|value| (value, ""));
    let described = schema["oneOf"].as_array().into_iter().flatten().flat_map(|one| {
        let about = one["description"].as_str().unwrap_or_default();
        one["const"].as_str().into_iter().chain(texts(&one["enum"])).map(move |value| (value, about))
    });
    let rows: String = plain
        .chain(described)
        .map(|(value, about)| format!("| `\"{value}\"` | {} |\n", in_one_line(about)))
        .collect();
    if rows.is_empty() { rows } else { format!("| value | meaning |\n|---|---|\n{rows}") }
}

/// The definition a field points to, also where it may be absent.
fn named(field: &Value) -> Option<&str> {
    let pointer = |value: &Value| value["$ref"].as_str().map(str::len).is_some();
    let holder =
        if pointer(field) { field } else { field["anyOf"].as_array()?.iter().find(|one| pointer(one))? };
    holder["$ref"].as_str()?.strip_prefix(DEFS)
}

/// What the field's own doc comment says, else what its type's does.
fn meaning(field: &Value, defs: &Value) -> String {
    let own = field["description"].as_str();
    let of_type = || named(field).and_then(|name| defs[name]["description"].as_str());
    in_one_line(own.or_else(of_type).unwrap_or_default())
}

fn in_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("[`", "`").replace("`]", "`").replace('|', "\\|")
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(list)
}
