//! The files of an image: upload and download.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::StreamExt;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::error::ApiError;
use super::item::json_response;
use super::kinds::image::{KIND, ROLES, refresh};
use super::kinds::text;
use super::request::Call;
use crate::app::{App, ImageFiles, UploadError};
use crate::auth::Verb;
use crate::store::{Durability, Key};

/// Pieces of an upload that wait for the disk.
const QUEUE: usize = 16;
/// Buffer of a download.
const PIECE: usize = 256 * 1024;

/// `PUT …/images/{name}/content?file=ROLE`.
pub(super) async fn put(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (call, _, body) = Call::of(app, &KIND, request).await?;
    call.identity
        .authorize(Verb::Update, "images", call.namespace.as_deref())?;
    let key = call.key();
    let digest = digest(&call, &key)?;
    receive(&call, &digest, body).await?;
    let files = call.app.images.clone();
    let stored = call.app.store.write(Durability::Spec, move |tx| {
        let mut image = tx.require(&key)?.value();
        refresh(&mut image, &files);
        tx.put(&key, image)
    });
    let stored = stored.await?;
    Ok(json_response(
        StatusCode::OK,
        stored.json(),
        Some(stored.rv),
    ))
}

/// `GET …/images/{name}/content?file=ROLE`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (call, _, _) = Call::of(app, &KIND, request).await?;
    call.identity
        .authorize(Verb::Get, "images", call.namespace.as_deref())?;
    let key = call.key();
    call.identity.look(&key)?;
    let digest = digest(&call, &key)?;
    let missing = || ApiError::unavailable("NotReady", "this file was not uploaded yet").on(&key);
    let size = call.app.images.size(&digest).ok_or_else(missing)?;
    let file = tokio::fs::File::open(call.app.images.path(&digest))
        .await
        .map_err(|_| missing())?;
    let stream = futures_util::stream::unfold(file, |mut file| async move {
        use tokio::io::AsyncReadExt;
        let mut piece = bytes::BytesMut::with_capacity(PIECE);
        match file.read_buf(&mut piece).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(piece.freeze()), file)),
            Err(error) => Some((Err(error), file)),
        }
    });
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    Ok(response)
}

/// The digest that the image's spec announces for the file of the query.
fn digest(call: &Call, key: &Key) -> Result<String, ApiError> {
    let role = call.query.get("file").unwrap_or("disk");
    if !ROLES.contains(&role) {
        return Err(ApiError::bad_request(format!(
            "file: Unsupported value: {role:?}: supported values: \"disk\", \"kernel\", \"initrd\""
        )));
    }
    let image: Value = call.app.store.require(key)?.value();
    let digest = text(&image, &format!("/spec/files/{role}/sha256"));
    if digest.is_empty() {
        return Err(ApiError::bad_request(format!(
            "image {:?} has no spec.files.{role}.sha256",
            key.name
        )));
    }
    Ok(digest.to_owned())
}

/// Takes the body and keeps it when it is what was announced. Digest and disk have a thread of their
/// own, which a full queue makes the client wait for.
async fn receive(call: &Call, digest: &str, body: Body) -> Result<(), ApiError> {
    let there = call.app.images.size(digest).is_some();
    let (pieces, queue) = mpsc::channel(QUEUE);
    let (files, expected) = (call.app.images.clone(), digest.to_owned());
    // A file that is there already is not written again, but the client is listened to.
    let keeper = tokio::task::spawn_blocking(move || keep(&files, &expected, there, queue));
    let mut stream = body.into_data_stream();
    let mut size = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| {
            ApiError::bad_request(format!("the upload broke off after {size} bytes: {error}"))
        });
        size += piece.as_ref().map_or(0, Bytes::len);
        let broken = piece.is_err();
        if pieces.send(piece).await.is_err() || broken {
            break;
        }
    }
    drop(pieces);
    keeper
        .await
        .map_err(|_| ApiError::internal("the upload was dropped"))?
}

fn keep(
    files: &ImageFiles,
    expected: &str,
    there: bool,
    mut queue: mpsc::Receiver<Result<Bytes, ApiError>>,
) -> Result<(), ApiError> {
    let io = |error: std::io::Error| refused(error.into());
    let mut upload = if there {
        None
    } else {
        Some(files.begin().map_err(io)?)
    };
    while let Some(piece) = queue.blocking_recv() {
        let piece = piece?;
        if let Some(upload) = &mut upload {
            upload.write(&piece).map_err(io)?;
        }
    }
    upload.map_or(Ok(()), |upload| {
        upload.finish(files, expected).map_err(refused)
    })
}

fn refused(error: UploadError) -> ApiError {
    match error {
        UploadError::Io(error) if is_full(&error) => {
            ApiError::insufficient("the server's disk is full, so nothing of the file was kept")
                .hint("free space on the file system of the server's data directory")
        }
        UploadError::Io(error) => {
            ApiError::internal(format!("the file could not be stored: {error}"))
        }
        UploadError::Digest {
            ref found,
            ref expected,
        } => {
            let (found, expected) = (json!(found), json!(expected));
            let said = ApiError::unprocessable(error.to_string());
            said.detail("found", found).detail("expected", expected)
        }
        UploadError::BackingFile => ApiError::unprocessable(error.to_string()),
    }
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
    )
}
