//! gzip for large JSON answers to other machines; on the Unix socket it would only cost time.

use std::io::Write;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt;
use http::{HeaderValue, Method, header};

use super::request::Query;
use crate::auth::{Identity, Transport};

/// Smaller answers go as they are, as in Kubernetes.
const LEAST: usize = 128 * 1024;

/// Whether the client can read gzip and the answer comes in one go.
pub(super) fn is_wanted(request: &Request) -> bool {
    let https = |identity: &Identity| identity.transport == Transport::Https;
    if request.method() != Method::GET || !request.extensions().get().is_some_and(https) {
        return false;
    }
    let query = Query::parse(request.uri().query().unwrap_or_default());
    if query.flag("watch") || query.flag("follow") {
        return false;
    }
    let accepted = request.headers().get_all(header::ACCEPT_ENCODING).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(takes_gzip)
}

/// `gzip`, `gzip;q=0.5`, but not `gzip;q=0`.
fn takes_gzip(clause: &str) -> bool {
    let mut parts = clause.split(';').map(str::trim);
    let named = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    named && weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
}

/// Compresses an answer that turns out to be large.
pub(super) async fn answer(response: Response) -> Response {
    let json = HeaderValue::from_static("application/json");
    let plain = response.headers().contains_key(header::CONTENT_ENCODING)
        || response.headers().get(header::CONTENT_TYPE) != Some(&json)
        || !response.status().is_success();
    if plain {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let mut stream = body.into_data_stream();
    let (mut begun, mut size) = (Vec::new(), 0);
    while size < LEAST {
        match stream.next().await {
            Some(piece) => {
                size += piece.as_ref().map_or(0, Bytes::len);
                begun.push(piece);
            }
            None => break,
        }
    }
    parts
        .headers
        .insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if size < LEAST {
        let whole: Result<Vec<Bytes>, _> = begun.into_iter().collect();
        let body = match whole {
            Ok(pieces) => Body::from(pieces.concat()),
            // What broke off breaks off for the client, too.
            Err(error) => Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(error)])),
        };
        return Response::from_parts(parts, body);
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let body = futures_util::stream::unfold(Some(Zip::new(begun, stream)), Zip::piece);
    Response::from_parts(parts, Body::from_stream(body))
}

type Piece = Result<Bytes, axum::Error>;

/// A body on its way through the compressor.
struct Zip {
    begun: std::vec::IntoIter<Piece>,
    rest: BodyDataStream,
    encoder: GzEncoder<Vec<u8>>,
}

impl Zip {
    fn new(begun: Vec<Piece>, rest: BodyDataStream) -> Self {
        // Time matters more than the last tenth.
        let encoder = GzEncoder::new(Vec::with_capacity(LEAST), Compression::fast());
        Self {
            begun: begun.into_iter(),
            rest,
            encoder,
        }
    }

    async fn piece(this: Option<Self>) -> Option<(Piece, Option<Self>)> {
        let mut this = this?;
        loop {
            let next = match this.begun.next() {
                Some(piece) => Some(piece),
                None => this.rest.next().await,
            };
            match next {
                Some(Ok(piece)) => {
                    if let Err(error) = this.encoder.write_all(&piece) {
                        return Some((Err(axum::Error::new(error)), None));
                    }
                    let ready = this.encoder.get_mut();
                    if !ready.is_empty() {
                        let bytes = std::mem::take(ready);
                        return Some((Ok(bytes.into()), Some(this)));
                    }
                }
                Some(Err(error)) => return Some((Err(error), None)),
                None => {
                    let last = this.encoder.finish().map(Bytes::from);
                    return Some((last.map_err(axum::Error::new), None));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use std::io::Read;

    use super::*;

    fn json(text: String) -> Response {
        let mut response = Response::new(Body::from(text));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    #[tokio::test]
    async fn large_answers_are_compressed_and_read_back() {
        let text = "0123456789abcdef".repeat(20_000);
        let zipped = answer(json(text.clone())).await;
        assert_eq!(zipped.headers()[header::CONTENT_ENCODING], "gzip");
        let bytes = zipped.into_body().collect().await.unwrap().to_bytes();
        assert!(bytes.len() < text.len() / 10);
        let mut back = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut back)
            .unwrap();
        assert_eq!(back, text);
        let small = answer(json("{}".into())).await;
        assert!(!small.headers().contains_key(header::CONTENT_ENCODING));
        let bytes = small.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&bytes[..], b"{}");
    }

    #[test]
    fn only_those_who_take_gzip_get_it() {
        assert!(takes_gzip("gzip") && takes_gzip(" gzip;q=0.5"));
        assert!(!takes_gzip("gzip;q=0") && !takes_gzip("br"));
    }
}
