//! Writes the reference of the protocol (docs/protocol.md) from the types themselves.

use schemars::Schema;

use crate::codec::encode;
use crate::messages::Vocabulary;
use crate::{ClientMessage, CloseCode, Dialect, ErrorCode, ServerMessage, examples};

mod fields;

use fields::{Shape, Types};

/// One message in one direction.
struct Entry {
    name: &'static str,
    purpose: &'static str,
    schema: Schema,
    example: String,
}

/// The whole page, as Markdown.
pub fn reference() -> String {
    let client = entries(ClientMessage::schemas(), &examples::client());
    let server = entries(ServerMessage::schemas(), &examples::server());
    let names = in_one_order();
    let mut types = Types::default();
    let messages: String = names.iter().map(|name| section(name, &client, &server, &mut types)).collect();
    let mut page = include_str!("docs/intro.md").to_owned();
    page += "\n## All messages\n\n| type | from a client | from the server |\n|---|---|---|\n";
    for name in names {
        let purpose = |of: &[Entry]| find(of, name).map_or("", |entry| entry.purpose);
        page += &format!("| [`{name}`](#{name}) | {} | {} |\n", purpose(&client), purpose(&server));
    }
    page += "\n## Messages in detail\n";
    page += &messages;
    page += "\n## Types\n";
    page += &types.sections();
    page + &error_codes() + &close_codes()
}

fn entries<M: Vocabulary>(schemas: Vec<(&'static str, &'static str, Schema)>, examples: &[M]) -> Vec<Entry> {
    let example = |name: &str, purpose: &str| {
        let dialect = if purpose.starts_with("v1:") { Dialect::V1Json } else { Dialect::Classic };
        let message = examples.iter().find(|message| message.name() == name);
        let text = encode(dialect, message.expect("every message has an example"), examples::STAMP);
        String::from_utf8(text).expect("JSON is UTF-8")
    };
    schemas
        .into_iter()
        .map(|(name, purpose, schema)| Entry { name, purpose, schema, example: example(name, purpose) })
        .collect()
}

fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.name == name)
}

/// Both vocabularies as one: what only a client sends stands behind what it sends before.
fn in_one_order() -> Vec<&'static str> {
    let mut names = ServerMessage::NAMES.to_vec();
    let mut next = 0;
    for name in ClientMessage::NAMES {
        match names.iter().position(|known| known == name) {
            Some(at) => next = at + 1,
            None => {
                names.insert(next, name);
                next += 1;
            }
        }
    }
    names
}

fn section(name: &str, client: &[Entry], server: &[Entry], types: &mut Types) -> String {
    let mut text = format!("\n### `{name}`\n");
    let directions = [
        ("From a client", "required", find(client, name)),
        ("From the server", "always", find(server, name)),
    ];
    for (direction, present, entry) in directions {
        let Some(entry) = entry else { continue };
        let shape: Shape = serde_json::from_str(&entry.example).expect("examples are JSON");
        text += &format!("\n**{direction}.** {}\n\n", entry.purpose);
        match types.table(entry.schema.as_value(), &shape, present) {
            table if table.is_empty() => text += "No fields beside the envelope's.\n",
            table => text += &table,
        }
        text += &format!("\n```json\n{}\n```\n", entry.example);
    }
    text
}

fn error_codes() -> String {
    let mut text =
        "\n## Error codes\n\nIn `error_code` of an `error`, and in `code` of a refused REST request, \
                    which has this HTTP status.\n\n| code | HTTP | when |\n|---|---|---|\n"
            .to_owned();
    for code in ErrorCode::ALL {
        text += &format!("| `{code}` | {} | {} |\n", code.http_status(), code.meaning());
    }
    text
}

fn close_codes() -> String {
    let mut text =
        "\n## Close codes\n\nA `disconnect` with the same `code` comes before the close frame where the \
                    connection still takes one.\n\n| code | meaning | what a client does |\n|---|---|---|\n"
            .to_owned();
    for code in CloseCode::ALL {
        text += &format!("| {} | {} | {} |\n", code.number(), code.meaning(), code.comeback().advice());
    }
    text
}
