//! The cloud-init seed: a FAT12 file system labelled `CIDATA`, as cloud-init's `NoCloud` source wants it.
//!
//! Written by hand because no tool that makes one can be expected on the host, and because QEMU's own
//! directory-as-FAT driver would block migration.

use serde_json::json;

use super::errors::write_error;
use super::layout::Layout;
use crate::engine::{CloudInit, EngineError};

const SECTOR: usize = 512;
const CLUSTER: usize = 4 * SECTOR;
/// Entries of the root directory; a file with a long name takes three.
const ROOT_ENTRIES: usize = 64;
const ENTRY: usize = 32;
/// Most clusters that FAT12 can count.
const CLUSTERS_MAX: usize = 4084;
/// Fewest clusters made, so that the disk is not smaller than guests expect of one.
const CLUSTERS_MIN: usize = 512;
/// Media descriptor of a fixed disk.
const MEDIA: u8 = 0xF8;

/// Writes the seed of a VM, whose uid becomes its instance id.
pub(super) fn write(layout: &Layout, uid: &str, seed: &CloudInit) -> Result<(), EngineError> {
    let path = layout.seed();
    let image = image(&files(uid, seed))
        .ok_or_else(|| EngineError::Invalid("the cloud-init data is larger than 8 MB".into()))?;
    if std::fs::read(&path).is_ok_and(|old| old == image) {
        return Ok(());
    }
    // It may hold secrets.
    nova_core::fs::write_atomic(&path, &image, nova_core::fs::PRIVATE)
        .map_err(|error| write_error(&path, &error))
}

/// The files of the seed. JSON is YAML, so the host name needs no quoting rules of its own.
fn files(uid: &str, seed: &CloudInit) -> Vec<(&'static str, String)> {
    let metadata = json!({"instance-id": uid, "local-hostname": seed.hostname});
    let user_data = seed
        .user_data
        .clone()
        .unwrap_or_else(|| "#cloud-config\n{}\n".into());
    let optional = [
        ("network-config", &seed.network_data),
        ("vendor-data", &seed.vendor_data),
    ];
    let optional = optional
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.clone()?)));
    [
        ("meta-data", format!("{metadata}\n")),
        ("user-data", user_data),
    ]
    .into_iter()
    .chain(optional)
    .collect()
}

/// The file system with these files; `None` if they do not fit.
fn image(files: &[(&str, String)]) -> Option<Vec<u8>> {
    let needed = files
        .iter()
        .map(|(_, text)| text.len().div_ceil(CLUSTER))
        .sum::<usize>();
    let clusters = needed.max(CLUSTERS_MIN);
    if clusters > CLUSTERS_MAX {
        return None;
    }
    let fat_sectors = ((clusters + 2).div_ceil(2) * 3).div_ceil(SECTOR);
    let reserved = SECTOR + 2 * fat_sectors * SECTOR + ROOT_ENTRIES * ENTRY;
    let mut image = boot_sector(clusters, fat_sectors)?;
    image.resize(reserved + clusters * CLUSTER, 0);
    let mut fat = vec![0_u16; clusters + 2];
    (fat[0], fat[1]) = (0xF00 | u16::from(MEDIA), 0xFFF);
    let mut root = volume_entry().to_vec();
    let mut next = 2;
    for (number, (name, text)) in files.iter().enumerate() {
        let count = text.len().div_ceil(CLUSTER);
        let first = if count == 0 {
            0
        } else {
            u16::try_from(next).ok()?
        };
        root.extend(file_entries(
            name,
            number,
            first,
            u32::try_from(text.len()).ok()?,
        ));
        let start = reserved + (next - 2) * CLUSTER;
        image[start..start + text.len()].copy_from_slice(text.as_bytes());
        // A chain names the next cluster, and ends with ones.
        for (cluster, entry) in (next + 1..).zip(&mut fat[next..next + count]) {
            *entry = u16::try_from(cluster).ok()?;
        }
        if count > 0 {
            fat[next + count - 1] = 0xFFF;
        }
        next += count;
    }
    let packed = pack(&fat);
    for copy in 0..2 {
        let start = SECTOR + copy * fat_sectors * SECTOR;
        image[start..start + packed.len()].copy_from_slice(&packed);
    }
    let start = SECTOR + 2 * fat_sectors * SECTOR;
    image[start..start + root.len()].copy_from_slice(&root);
    Some(image)
}

fn boot_sector(clusters: usize, fat_sectors: usize) -> Option<Vec<u8>> {
    let sectors = 1 + 2 * fat_sectors + ROOT_ENTRIES * ENTRY / SECTOR + clusters * CLUSTER / SECTOR;
    let word = |value: usize| u16::try_from(value).ok().map(u16::to_le_bytes);
    let mut sector = vec![0xEB, 0x3C, 0x90];
    sector.extend(b"NOVA    ");
    sector.extend(word(SECTOR)?);
    sector.push(u8::try_from(CLUSTER / SECTOR).ok()?);
    sector.extend(word(1)?);
    sector.push(2);
    sector.extend(word(ROOT_ENTRIES)?);
    sector.extend(word(sectors)?);
    sector.push(MEDIA);
    sector.extend(word(fat_sectors)?);
    // Tools refuse a geometry of nothing, though none of it is true of a virtual disk.
    sector.extend(word(32)?);
    sector.extend(word(64)?);
    // Hidden sectors, and the size that the 16 bits above suffice for.
    sector.extend([0; 8]);
    sector.extend([0x80, 0, 0x29]);
    sector.extend(*b"NOVA");
    sector.extend(b"CIDATA     FAT12   ");
    sector.resize(SECTOR, 0);
    (sector[510], sector[511]) = (0x55, 0xAA);
    Some(sector)
}

fn volume_entry() -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[..11].copy_from_slice(b"CIDATA     ");
    entry[11] = 0x08;
    entry
}

/// The long-name entries of a file and its short one.
fn file_entries(name: &str, number: usize, first: u16, size: u32) -> Vec<u8> {
    let short = format!("{:<8}{:<3}", format!("SEED~{number}"), "");
    let short = short.as_bytes();
    let mut entries = long_entries(name, checksum(short));
    let mut entry = [0; ENTRY];
    entry[..11].copy_from_slice(&short[..11]);
    entry[11] = 0x20;
    // 1 January 1980: the same content is the same image.
    entry[24..26].copy_from_slice(&0x21_u16.to_le_bytes());
    entry[26..28].copy_from_slice(&first.to_le_bytes());
    entry[28..].copy_from_slice(&size.to_le_bytes());
    entries.extend(entry);
    entries
}

fn long_entries(name: &str, checksum: u8) -> Vec<u8> {
    // Where the 13 characters of an entry lie.
    const PLACES: [usize; 13] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
    let units: Vec<u16> = name.encode_utf16().collect();
    let parts: Vec<_> = units.chunks(13).collect();
    let mut entries = Vec::new();
    for (index, part) in parts.iter().enumerate().rev() {
        let mut entry = [0; ENTRY];
        let last = if index + 1 == parts.len() { 0x40 } else { 0 };
        entry[0] = u8::try_from(index + 1).unwrap_or(1) | last;
        (entry[11], entry[13]) = (0x0F, checksum);
        // One zero ends the name; what is left is filled with ones.
        let padded = part
            .iter()
            .copied()
            .chain([0])
            .chain(std::iter::repeat(0xFFFF));
        for (place, unit) in PLACES.into_iter().zip(padded) {
            entry[place..place + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entries.extend(entry);
    }
    entries
}

fn checksum(short: &[u8]) -> u8 {
    short
        .iter()
        .fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// Two entries of 12 bits in three bytes.
fn pack(fat: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fat.len() * 3 / 2 + 2);
    for pair in fat.chunks(2) {
        let both = u32::from(pair[0]) | u32::from(pair.get(1).copied().unwrap_or(0)) << 12;
        bytes.extend(&both.to_le_bytes()[..3]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_have_the_checksum_of_the_standard() {
        // "The quick brown.fox", as Windows shortens and sums it.
        assert_eq!(checksum(b"THEQUI~1FOX"), 0x07);
    }

    #[test]
    fn the_image_has_label_names_and_content() {
        let text = "x".repeat(5000);
        let image = image(&[("meta-data", "{}".into()), ("user-data", text.clone())]).unwrap();
        assert_eq!(&image[510..512], &[0x55, 0xAA]);
        assert_eq!(&image[43..54], b"CIDATA     ");
        let find = |needle: &[u8]| {
            image
                .windows(needle.len())
                .position(|window| window == needle)
        };
        let name: Vec<u8> = "user-".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(find(&name).is_some());
        let start = find(text.as_bytes()).unwrap();
        assert_eq!(start % SECTOR, 0);
    }

    #[test]
    fn a_seed_too_large_for_the_file_system_is_refused() {
        assert!(image(&[("user-data", "x".repeat(9 << 20))]).is_none());
    }
}
