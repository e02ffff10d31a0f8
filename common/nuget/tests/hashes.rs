//! The recorded hashes of packages and of graphs.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that goes wrong"
)]

mod recorded;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nuget::folder::{Fnv, Hash, ZipError, content_hash};
use recorded::{each, same, text};
use serde_json::json;

#[test]
fn packages_are_hashed_as_they_were_before_they_were_signed() {
    let count = each("hashes", "packages", |case| {
        let package = STANDARD.decode(text(case, "nupkgBase64")).unwrap();
        let got = json!({
            "sha512FileContent": Hash::of(&package).to_string(),
            "nupkgMetadataContentHash": content_hash(&package).unwrap().to_string(),
        });
        same(&got, case)
    });
    assert_eq!(count, 4);
}

#[test]
fn graphs_are_hashed_chunk_by_chunk() {
    let count = each("hashes", "fnv64", |case| {
        let mut hash = Fnv::default();
        for chunk in case["chunksUtf8"].as_array().unwrap() {
            hash.update(chunk.as_str().unwrap().as_bytes());
        }
        same(&json!({"hashBase64": hash.to_string()}), case)
    });
    assert_eq!(count, 8);
    let count = each("hashes", "legacyDgSpecHash", |case| {
        let hash = Hash::of(text(case, "compactJson").as_bytes());
        same(&json!({"sha512Base64": hash.to_string()}), case)
    });
    assert_eq!(count, 1);
}

#[test]
fn what_is_no_archive_is_refused_and_never_a_panic() {
    assert!(matches!(content_hash(b"PK"), Err(ZipError::NotAZip(_))));
    let all = recorded::recorded("hashes");
    let signed = all["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["signed"] == true);
    let package = STANDARD
        .decode(text(signed.unwrap(), "nupkgBase64"))
        .unwrap();
    for at in (0..package.len()).step_by(19) {
        let mut broken = package.clone();
        broken[at] ^= 0xff;
        drop(content_hash(&broken));
        drop(content_hash(&package[..at]));
    }
}
