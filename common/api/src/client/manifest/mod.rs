//! Objects from `-f`: files, directories, patterns, standard input and web addresses, in YAML or JSON.

mod parse;
mod places;
mod web;

pub use parse::{parse, parse_one};

use nova_core::Result;
use serde_json::Value;

/// What `-f` and its companions said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// Files, directories, patterns, addresses, and `-` for standard input; read in this order.
    pub paths: &'a [String],
    /// Directories with everything below them.
    pub recursive: bool,
    /// Addresses may be `http://` to other machines.
    pub allow_http: bool,
}

/// An object and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The object.
    pub object: Value,
    /// File, address or `standard input`.
    pub source: String,
}

impl Sources<'_> {
    /// Reads every object, in order. Lists count as their items, empty documents as nothing.
    pub async fn read(&self) -> Result<Vec<Manifest>> {
        let mut objects = Vec::new();
        for path in self.paths {
            for place in places::of(path, self.recursive)? {
                let text = match &place {
                    places::Place::Web(address) => web::read(address, self.allow_http).await?,
                    local => local.read()?,
                };
                let source = place.to_string();
                let found = parse(&text, &source)?.into_iter();
                objects.extend(found.map(|object| Manifest {
                    object,
                    source: source.clone(),
                }));
            }
        }
        Ok(objects)
    }
}
