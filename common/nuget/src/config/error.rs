//! What can be wrong with a configuration, in NuGet's words.

use std::path::PathBuf;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not well-formed.
    #[error("NuGet.Config is not valid XML. Path: '{}'.", .path.display())]
    NotXml {
        /// The file.
        path: PathBuf,
        /// What the parser says, with its line.
        #[source]
        source: roxmltree::Error,
    },
    /// Something else than a configuration.
    #[error("NuGet.Config does not contain the expected root element: 'configuration'. Path: '{}'.", .0.display())]
    WrongRoot(PathBuf),
    /// An entry lacks an attribute.
    #[error("Unable to parse config file because: Missing required attribute '{attribute}' in element '{element}'. Path: '{}'.", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The element.
        element: String,
        /// What it lacks.
        attribute: &'static str,
    },
    /// An entry has an attribute that may not be empty.
    #[error("Unable to parse config file because: The attribute '{attribute}' has an unallowed value '' in element '{element}'. Path: '{}'.", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// The element.
        element: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// The file that was named does not exist.
    #[error("File '{}' does not exist.", .0.display())]
    NoFile(PathBuf),
    /// A variable names a folder that depends on where one stands.
    #[error("'{variable}' must contain an absolute path '{value}'.")]
    NotAbsolute {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// The file system refused.
    #[error("cannot {what} {}: {source}", .path.display())]
    Io {
        /// Read or write.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
