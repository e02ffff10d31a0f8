//! Content of images.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::rig::{Rig, VMS};
use crate::app::hex;

const IMAGES: &str = "/apis/nova.dev/v1/namespaces/default/images";

async fn upload(rig: &Rig, name: &str, file: &str, content: &'static [u8]) -> super::rig::Answer {
    let request = Request::put(format!("{IMAGES}/{name}/content?file={file}"));
    rig.send(request, Body::from(content)).await
}

fn image(name: &str, files: &[(&str, &[u8])]) -> Value {
    let mut all = json!({});
    for (role, content) in files {
        all[role] = json!({"sha256": hex(&Sha256::digest(content))});
    }
    let kind = if files.len() == 2 { "direct" } else { "disk" };
    json!({"metadata": {"name": name}, "spec": {"type": kind, "files": all}})
}

#[tokio::test]
async fn an_image_is_ready_when_all_its_files_are_there() {
    let rig = Rig::new().await;
    let made = rig
        .post(IMAGES, &image("i", &[("kernel", b"K"), ("initrd", b"II")]))
        .await;
    assert_eq!(
        (made.status.as_u16(), &made.body["status"]["phase"]),
        (201, &json!("Pending"))
    );
    let half = upload(&rig, "i", "kernel", b"K").await;
    assert_eq!(half.body["status"]["phase"], "Uploading", "{}", half.body);
    let done = upload(&rig, "i", "initrd", b"II").await;
    assert_eq!(done.body["status"]["phase"], "Ready");
    assert_eq!(done.body["status"]["size"], "3");
    let back = rig.get(&format!("{IMAGES}/i/content?file=initrd")).await;
    assert_eq!(back.body, "II");
    let same = rig
        .post(IMAGES, &image("j", &[("kernel", b"K"), ("initrd", b"II")]))
        .await;
    assert_eq!(
        same.body["status"]["phase"], "Ready",
        "files are shared by their content"
    );
}

#[tokio::test]
async fn wrong_content_is_refused_and_leaves_nothing() {
    let rig = Rig::new().await;
    rig.post(IMAGES, &image("i", &[("disk", b"right")])).await;
    let wrong = upload(&rig, "i", "disk", b"wrong").await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert_eq!(
        rig.get(&format!("{IMAGES}/i")).await.body["status"]["phase"],
        "Pending"
    );
    assert_eq!(upload(&rig, "i", "kernel", b"x").await.status, 400);
    assert_eq!(upload(&rig, "nope", "disk", b"x").await.status, 404);
}

#[tokio::test]
async fn an_image_in_use_stays_and_an_unused_one_takes_its_files() {
    let rig = Rig::new().await;
    rig.post(IMAGES, &image("i", &[("disk", b"D")])).await;
    upload(&rig, "i", "disk", b"D").await;
    let vm = json!({"metadata": {"name": "a"}, "spec": {"runState": "Stopped", "image": "i"}});
    let made = rig.post(VMS, &vm).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let refused = rig.delete(&format!("{IMAGES}/i")).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["nova"]["reason"]),
        (409, &json!("InUse"))
    );
    rig.delete(&format!("{VMS}/a?gracePeriodSeconds=0")).await;
    let digest = hex(&Sha256::digest(b"D"));
    for _ in 0..100 {
        if rig.delete(&format!("{IMAGES}/i")).await.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for _ in 0..100 {
        if rig.app.images.size(&digest).is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the file of a deleted image stayed");
}
