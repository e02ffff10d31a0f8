//! Uploading the files of an image.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::Stream;
use nova_core::progress::{Amount, Progress};
use nova_http::{Bytes, Method};
use serde_json::Value;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::error::ApiError;
use super::resources::Resources;
use crate::types::Image;

/// Bytes read from the file at a time.
const CHUNK: usize = 256 * 1024;

impl Resources<Image> {
    /// Uploads one file of an image: `disk`, `kernel` or `initrd`. The server checks its digest against the spec.
    pub async fn upload(
        &self,
        name: &str,
        role: &str,
        file: &Path,
        progress: Option<&Progress>,
    ) -> Result<Value, ApiError> {
        let unreadable = |source| ApiError::File {
            path: file.display().to_string(),
            source,
        };
        let opened = File::open(file).await.map_err(unreadable)?;
        let total = opened.metadata().await.map_err(unreadable)?.len();
        let sent = Arc::new(AtomicU64::new(0));
        let path = self.below(name, "content");
        let request = self
            .api()
            .http()
            .request(Method::PUT, &path)
            .query("file", role)
            .header("content-length", &total.to_string())
            .stream(
                "application/octet-stream",
                chunks(opened, Arc::clone(&sent)),
            );
        let answered = async {
            request
                .send()
                .await
                .map_err(|error| ApiError::of(error, self.namespace(), true))
        };
        tokio::select! {
            answer = answered => Ok(answer?.json()?),
            () = show(progress, role, &sent, total) => Ok(Value::Null),
        }
    }
}

fn chunks(
    file: File,
    sent: Arc<AtomicU64>,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    futures_util::stream::try_unfold((file, sent), |(mut file, sent)| async move {
        let mut chunk = vec![0; CHUNK];
        let got = file.read(&mut chunk).await?;
        if got == 0 {
            return Ok(None);
        }
        chunk.truncate(got);
        sent.fetch_add(got as u64, Ordering::Relaxed);
        Ok(Some((Bytes::from(chunk), (file, sent))))
    })
}

/// Reports how much was sent, for ever; without a progress it only waits.
async fn show(progress: Option<&Progress>, role: &str, sent: &AtomicU64, total: u64) {
    let Some(progress) = progress else {
        return std::future::pending().await;
    };
    progress.phase(&format!("upload {role}"));
    loop {
        progress.update(Amount {
            current: sent.load(Ordering::Relaxed),
            total,
            unit: "bytes",
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
