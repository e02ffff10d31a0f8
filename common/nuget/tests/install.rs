//! Packages brought into the folder: good ones, hostile ones, by several at once, and by those who are killed.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test ends at the first thing that goes wrong"
)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nuget::folder::{Hash, Package, PackagesFolder, content_hash};
use nuget::version::Version;
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, ZipArchiveWriter};

const NUSPEC: &str =
    "<package><metadata><id>Some.Pkg</id><version>1.0.0</version></metadata></package>";

/// An archive with these entries, names as they are.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut zip = ZipArchiveWriter::new(&mut bytes);
    for (name, content) in entries {
        let path = EntryPath::verbatim(name.as_bytes().to_vec());
        let new = zip
            .new_file(path)
            .compression_method(CompressionMethod::DEFLATE);
        let (mut entry, config) = new.start().unwrap();
        let encoder =
            flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
        let mut writer = config.wrap(encoder);
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap();
    bytes
}

/// A package with a manifest and these files.
fn package(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut entries: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<x/>"),
        ("_rels/.rels", b"<x/>"),
        ("Some.Pkg.nuspec", NUSPEC.as_bytes()),
    ];
    entries.extend(files);
    archive(&entries)
}

fn version() -> Version {
    "1.0".parse().unwrap()
}

fn folder(dir: &Path) -> PackagesFolder {
    PackagesFolder::new(dir.join("packages"), dir.join("locks"))
}

/// Every file below a folder.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                let path = entry.path();
                let path = path.strip_prefix(dir).unwrap();
                found.push(path.display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_package_is_laid_out_as_dotnet_does() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = package(&[
        ("lib/net8.0/a.dll", b"dll"),
        ("lib/portable-net45%2Bwin8/a.dll", b"old"),
    ]);
    let folder = folder(dir.path());
    let installed = folder
        .install("some.pkg", &version(), &bytes, "https://feed/")
        .unwrap();
    assert!(!installed.was_there && folder.has("SOME.PKG", &version()));
    let path = dir.path().join("packages/some.pkg/1.0.0");
    assert_eq!(installed.path, path);
    let expected = [
        ".nupkg.metadata",
        "lib/net8.0/a.dll",
        "lib/portable-net45+win8/a.dll",
        "some.pkg.1.0.0.nupkg",
        "some.pkg.1.0.0.nupkg.sha512",
        "some.pkg.nuspec",
    ];
    assert_eq!(files(&path), expected);
    let read = |name: &str| fs::read_to_string(path.join(name)).unwrap();
    let hash = Hash::of(&bytes).to_string();
    assert_eq!(read("some.pkg.1.0.0.nupkg.sha512"), hash);
    let marker = format!(
        "{{\n  \"version\": 2,\n  \"contentHash\": \"{hash}\",\n  \"source\": \"https://feed/\"\n}}"
    );
    assert_eq!(read(".nupkg.metadata"), marker);
    let mode = fs::metadata(path.join("lib/net8.0/a.dll"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o700, 0o700, "{mode:o}");
    let again = folder
        .install("Some.Pkg", &version(), b"not even read", "")
        .unwrap();
    assert!(again.was_there && again.hash == hash);
}

/// What a package is called, its bytes, and what is said of it.
type Case = (&'static str, Vec<u8>, &'static str);

fn bad_names() -> Vec<Case> {
    let outside = "unsafe for extraction";
    let named = |name: &str| package(&[(name, b"x")]);
    vec![
        ("slip", named("../../evil"), outside),
        ("encoded slip", named("%2e%2e/%2e%2e/evil"), outside),
        ("absolute", named("/tmp/evil"), outside),
        ("drive", named("c:/evil"), outside),
        ("backslash", named("..\\evil"), outside),
        (
            "doubled",
            package(&[("lib/a.dll", b"1"), ("lib/a.dll", b"2")]),
            "twice",
        ),
        (
            "doubled in code",
            package(&[("lib/a+b", b"1"), ("lib/a%2Bb", b"2")]),
            "twice",
        ),
    ]
}

/// The last record of an archive's directory that begins before a place.
fn record(bytes: &[u8], before: usize) -> usize {
    let mut places = bytes[..before].windows(4);
    places.rposition(|four| four == b"PK\x01\x02").unwrap()
}

fn bad_archives() -> Vec<Case> {
    let bomb = vec![0_u8; 80 << 20];
    let mut lying = package(&[("lib/a.dll", &[7; 5000])]);
    let last = record(&lying, lying.len());
    lying[last + 24..last + 28].copy_from_slice(&4000_u32.to_le_bytes());
    let mut flipped = package(&[("lib/a.dll", &[7; 5000])]);
    let data = flipped
        .windows(9)
        .position(|name| name == b"lib/a.dll")
        .unwrap()
        + 12;
    flipped[data] ^= 0x55;
    // Two records of the directory that name the same bytes.
    let mut shared = package(&[("lib/a.dll", &[7; 5000]), ("lib/b.dll", &[7; 5000])]);
    let last = record(&shared, shared.len());
    let before = record(&shared, last);
    shared.copy_within(before + 42..before + 46, last + 42);
    let whole = package(&[("lib/a.dll", b"x")]);
    vec![
        (
            "bomb",
            package(&[("lib/a.dll", &bomb), ("lib/b.dll", &bomb)]),
            "bytes when extracted",
        ),
        ("shared bytes", shared, "overlap"),
        ("lying size", lying, "is damaged"),
        ("flipped", flipped, "is damaged"),
        ("truncated", whole[..whole.len() - 30].to_vec(), "archive"),
        ("empty", Vec::new(), "archive"),
    ]
}

fn bad_manifests() -> Vec<Case> {
    let other = NUSPEC.replace("Some.Pkg", "Other");
    vec![
        (
            "no manifest",
            archive(&[("lib/a.dll", b"x")]),
            "0 manifests",
        ),
        (
            "two manifests",
            package(&[("other.nuspec", b"x")]),
            "2 manifests",
        ),
        (
            "another package",
            archive(&[("a.nuspec", other.as_bytes())]),
            "'Other 1.0.0' came",
        ),
        (
            "manifest",
            archive(&[("a.nuspec", b"<package>")]),
            "not valid XML",
        ),
    ]
}

#[test]
fn hostile_packages_leave_nothing() {
    let cases = [bad_names(), bad_archives(), bad_manifests()];
    for (name, bytes, words) in cases.into_iter().flatten() {
        let dir = tempfile::tempdir().unwrap();
        let result = folder(dir.path()).install("Some.Pkg", &version(), &bytes, "s");
        let Err(error) = result else {
            panic!("{name}: it was installed");
        };
        assert!(error.to_string().contains(words), "{name}: {error}");
        let left = files(&dir.path().join("packages"));
        assert!(left.is_empty(), "{name}: {left:?}");
        assert!(!dir.path().join("evil").exists(), "{name}");
    }
}

#[test]
fn device_names_and_deep_folders_are_files_here() {
    let dir = tempfile::tempdir().unwrap();
    let deep = format!("{}/x", vec!["d"; 200].join("/"));
    let bytes = package(&[("aux", b"1"), ("lib/con.dll", b"2"), (&deep, b"3")]);
    let installed = folder(dir.path())
        .install("Some.Pkg", &version(), &bytes, "s")
        .unwrap();
    assert!(installed.path.join("aux").is_file() && installed.path.join(deep).is_file());
}

#[test]
fn what_was_never_finished_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("packages/some.pkg/1.0.0");
    fs::create_dir_all(path.join("lib")).unwrap();
    fs::write(path.join("lib/stale.dll"), "half").unwrap();
    fs::create_dir_all(dir.path().join("packages/some.pkg/.1.0.0-dead")).unwrap();
    let bytes = package(&[("lib/a.dll", b"x")]);
    folder(dir.path())
        .install("Some.Pkg", &version(), &bytes, "s")
        .unwrap();
    assert!(!path.join("lib/stale.dll").exists() && path.join("lib/a.dll").exists());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn several_at_once_install_it_once() {
    let dir = tempfile::tempdir().unwrap();
    let content = vec![1; 200_000];
    let bytes = package(&[("lib/a.dll", &content), ("lib/b.dll", &content)]);
    let folder = folder(dir.path());
    let new = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let installed = folder.install("Some.Pkg", &version(), &bytes, "s").unwrap();
                new.fetch_add(
                    usize::from(!installed.was_there),
                    std::sync::atomic::Ordering::Relaxed,
                );
            });
        }
    });
    assert_eq!(new.into_inner(), 1);
}

/// What the killed process runs: this same test, with a folder in its environment.
const CHILD: &str = "NUGET_TEST_INSTALL_INTO";

fn large() -> Vec<u8> {
    let content: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let names: Vec<String> = (0..30).map(|n| format!("lib/net8.0/file{n}.dll")).collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), content.as_slice()))
        .collect();
    package(&files)
}

#[test]
fn fifty_kills_never_leave_half_a_package() {
    if let Some(dir) = std::env::var_os(CHILD) {
        drop(folder(Path::new(&dir)).install("Some.Pkg", &version(), &large(), "s"));
        return;
    }
    let bytes = large();
    let whole = Package::open(&bytes).unwrap().entries().len() + 3;
    let dir = tempfile::tempdir().unwrap();
    let mut cut = 0;
    for round in 0..50_u64 {
        let path = dir.path().join(format!("round{round}"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "fifty_kills_never_leave_half_a_package"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over the making of the package, the extraction, and its end.
        std::thread::sleep(Duration::from_millis(20 + round * 4));
        drop(child.kill());
        child.wait().unwrap();
        let folder = folder(&path);
        cut += usize::from(!folder.has("some.pkg", &version()));
        let installed = folder.install("Some.Pkg", &version(), &bytes, "s").unwrap();
        assert_eq!(files(&installed.path).len(), whole, "round {round}");
        let archive = fs::read(installed.path.join("some.pkg.1.0.0.nupkg")).unwrap();
        assert_eq!(content_hash(&archive).unwrap().to_string(), installed.hash);
        let others = fs::read_dir(installed.path.parent().unwrap())
            .unwrap()
            .count();
        assert_eq!(others, 1, "round {round}: something stays behind");
        fs::remove_dir_all(&path).unwrap();
    }
    assert!(cut > 0, "every one was finished before it was killed");
}
