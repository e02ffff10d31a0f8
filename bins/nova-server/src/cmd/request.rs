//! `nova server request`: one request as it is, for what no command covers.

use nova_api::client::ApiError;
use nova_api::{Api, Status};
use nova_core::{Cx, Failure, Kind, Result, input};
use nova_http::{Client, Method, Request};
use std::io::Write;
use std::path::PathBuf;

/// Send one request to the server and print its answer
///
/// PATH is what the server has, query included, such as /apis/nova.dev/v1/virtualmachines?limit=5.
/// The body of the answer goes to standard output as it is and as it comes, so that watches work too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova server request GET /version\n\
\x20 nova server request GET '/apis/nova.dev/v1/nodes?watch=true'\n\
\x20 nova server request POST /api/v1/namespaces -f prod.json\n\
\x20 nova server request PATCH /api/v1/namespaces/prod -f patch.json")]
pub(crate) struct RequestArgs {
    /// GET, POST, PUT, PATCH, DELETE or HEAD
    #[arg(value_name = "METHOD", value_parser = method)]
    method: Method,

    /// Path on the server
    #[arg(value_name = "PATH", value_parser = path)]
    path: String,

    /// File with the body; - is standard input
    #[arg(short, long, value_name = "FILE")]
    filename: Option<PathBuf>,

    /// Media type of the body, else JSON and for PATCH a merge patch
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// Media type wanted in the answer
    #[arg(long, value_name = "TYPE")]
    accept: Option<String>,

    /// Print status and headers of the answer before its body
    #[arg(short, long)]
    include: bool,
}

/// What the body is, unless somebody says so.
fn content_type(args: &RequestArgs) -> &str {
    let usual = match args.method {
        Method::PATCH => "application/merge-patch+json",
        _ => "application/json",
    };
    args.content_type.as_deref().unwrap_or(usual)
}

fn method(text: &str) -> Result<Method, String> {
    const KNOWN: [Method; 6] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
    ];
    let known = KNOWN
        .into_iter()
        .find(|method| method.as_str().eq_ignore_ascii_case(text));
    known.ok_or_else(|| "the methods are GET, POST, PUT, PATCH, DELETE and HEAD".to_owned())
}

fn path(text: &str) -> Result<String, String> {
    if text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err("a path begins with / and has blanks and the like encoded as %20".to_owned())
}

pub(crate) async fn run(cx: &Cx, args: &RequestArgs) -> Result<()> {
    let body = args.filename.as_deref().map(input::bytes).transpose()?;
    let api = Api::connect(cx).await?;
    let request = request(api.http(), args, body);
    let mut answer = match request.once().open().await {
        Ok(answer) => answer,
        Err(error) => {
            return Err(refused(
                cx,
                ApiError::of(error, None, args.filename.is_some()),
            ));
        }
    };
    let mut out = cx.stdout();
    if args.include {
        let mut head = format!("HTTP {}\n", answer.status());
        for (name, value) in answer.headers() {
            head = head + name.as_str() + ": " + &String::from_utf8_lossy(value.as_bytes()) + "\n";
        }
        write(&mut *out, format!("{head}\n").as_bytes())?;
    }
    while let Some(chunk) = answer.chunk().await? {
        write(&mut *out, &chunk)?;
    }
    Ok(())
}

fn request(http: &Client, args: &RequestArgs, body: Option<Vec<u8>>) -> Request {
    let mut request = http.request(args.method.clone(), args.path.as_str());
    if let Some(accept) = &args.accept {
        request = request.accept(accept);
    }
    match body {
        Some(body) => request
            .bytes("application/json", body)
            .header("content-type", content_type(args)),
        None => request,
    }
}

/// Every piece is flushed: the next one may be long in coming.
fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::silent(0),
        _ => Failure::new(Kind::Failed, format!("cannot write the output: {error}")),
    })
}

/// A refusal is an answer too: whoever asks raw questions wants its body, beside the failure.
fn refused(cx: &Cx, error: ApiError) -> Failure {
    let body = error
        .status()
        .filter(|status| is_ours(status))
        .map(serde_json::to_string);
    if let Some(Ok(body)) = body
        && let Err(failure) = cx.print(&format!("{body}\n"))
    {
        return failure;
    }
    error.into()
}

/// Not one that the client made up for an answer that it could not read.
fn is_ours(status: &Status) -> bool {
    !status.reason.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_paths_are_checked_before_anything_is_sent() {
        assert_eq!(method("get").unwrap(), Method::GET);
        assert!(method("FETCH").is_err());
        assert!(path("/a?b=c%20d").is_ok());
        for bad in ["a", "/a b", "/a\nHost: x", "https://x/"] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
    }
}
