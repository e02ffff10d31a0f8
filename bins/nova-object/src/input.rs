//! Objects from `-f`, with the kind and place of each.

use nova_api::client::Resources;
use nova_api::client::manifest::Sources;
use nova_api::{KindInfo, Scope};
use nova_core::{Cx, Failure, Kind, Result};
use serde_json::Value;

use crate::kinds::Kinds;

/// Flags that say where objects are read from.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct FileArgs {
    /// Read objects from a file, directory, pattern, web address or - for standard input;
    /// repeatable
    #[arg(short, long, value_name = "FILE")]
    pub(crate) filename: Vec<String>,

    /// Read directories with everything below them
    #[arg(short = 'R', long, requires = "filename")]
    recursive: bool,

    /// Allow http addresses of other machines
    #[arg(long, requires = "filename")]
    allow_http: bool,
}

/// An object from a file that the server would know where to put.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) info: KindInfo,
    /// Empty for kinds of the cluster.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) object: Value,
    pub(crate) source: String,
}

impl Input {
    /// `virtualmachine.nova.dev/web-1`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.info.qualified_singular(), self.name)
    }

    /// The objects it belongs to.
    pub(crate) fn place(&self, kinds: &Kinds) -> Resources<Value> {
        kinds.objects(&self.info, &self.namespace)
    }
}

impl FileArgs {
    /// Reads all objects; an input without any is warned about.
    pub(crate) async fn read(&self, cx: &Cx, kinds: &Kinds) -> Result<Vec<Input>> {
        let sources = Sources {
            paths: &self.filename,
            recursive: self.recursive,
            allow_http: self.allow_http,
        };
        let mut inputs = Vec::new();
        for manifest in sources.read().await? {
            let at = |failure: Failure| named(&manifest.source, &failure);
            let info = kinds.of_object(&manifest.object).await.map_err(at)?;
            let input = placed(cx, info, manifest.object.clone(), &manifest.source);
            inputs.push(input.map_err(at)?);
        }
        if inputs.is_empty() {
            cx.warn("the input holds no objects");
        }
        Ok(inputs)
    }
}

/// Says in which file the fault is.
fn named(source: &str, failure: &Failure) -> Failure {
    let message = format!("{source}: {failure}");
    let hints = failure.hints().iter();
    hints.fold(Failure::new(failure.kind(), message), Failure::with_hint)
}

/// Gives an object its namespace: its own, else that of this call.
fn placed(cx: &Cx, info: KindInfo, mut object: Value, source: &str) -> Result<Input> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&object["metadata"]["name"]);
    if name.is_empty() {
        let message = format!("a {} has no metadata.name", info.kind);
        return Err(Failure::new(Kind::Config, message));
    }
    let mut namespace = String::new();
    if info.scope == Scope::Namespaced {
        namespace = text(&object["metadata"]["namespace"]);
        if namespace.is_empty() {
            namespace = cx.namespace()?;
            object["metadata"]["namespace"] = namespace.as_str().into();
        }
        let asked = cx.globals().namespace.as_deref();
        if asked.is_some_and(|asked| asked != namespace) {
            let message = format!("{name} is of namespace `{namespace}`, not the one asked for");
            return Err(Failure::new(Kind::Config, message)
                .with_hint(format!("go there with: --namespace {namespace}")));
        }
    }
    Ok(Input {
        info,
        namespace,
        name,
        object,
        source: source.to_owned(),
    })
}
