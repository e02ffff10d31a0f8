//! `--disk 20Gi[,name=data][,pool=fast][,readonly]`.

use std::str::FromStr;

use nova_api::{DiskSpec, Quantity};

/// One disk as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiskFlag {
    size: String,
    name: Option<String>,
    pool: Option<String>,
    read_only: bool,
}

impl FromStr for DiskFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let size = parts.next().unwrap_or_default();
        let quantity = Quantity::parse_vm_size(size).map_err(|error| error.to_string())?;
        let mut disk = Self {
            size: quantity.canonical(),
            name: None,
            pool: None,
            read_only: false,
        };
        for part in parts {
            match part.split_once('=') {
                Some(("name", name)) => disk.name = Some(name.to_owned()),
                Some(("pool", pool)) => disk.pool = Some(pool.to_owned()),
                None if part == "readonly" => disk.read_only = true,
                _ => return Err(format!("`{part}` is not name=NAME, pool=POOL or readonly")),
            }
        }
        Ok(disk)
    }
}

impl DiskFlag {
    /// The disk at position `index`. The first one has no source of its own: the server fills it
    /// from the boot image, where that is a disk image.
    pub(crate) fn spec(&self, index: usize) -> DiskSpec {
        let name = match index {
            0 => "root".to_owned(),
            n => format!("data{n}"),
        };
        DiskSpec {
            name: self.name.clone().unwrap_or(name),
            size: self.size.parse::<Quantity>().ok(),
            pool: self.pool.clone(),
            blank: (index > 0).then_some(true),
            read_only: self.read_only.then_some(true),
            ..DiskSpec::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_names_and_pools_are_read() {
        let disk: DiskFlag = "20G,name=logs,pool=fast".parse().unwrap();
        let spec = disk.spec(1);
        assert_eq!(spec.name, "logs");
        assert_eq!(spec.pool.as_deref(), Some("fast"));
        assert_eq!(spec.size.unwrap().bytes(), Some(20 << 30));
        assert_eq!("1Gi".parse::<DiskFlag>().unwrap().spec(0).name, "root");
        for bad in ["", "x", "1Gi,size=2", "1Gi,"] {
            assert!(bad.parse::<DiskFlag>().is_err(), "{bad}");
        }
    }
}
