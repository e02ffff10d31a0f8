//! Paths of a package, matched against what their folders mean.

use crate::framework::{Framework, Identifier};

/// What a folder or a file name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// A folder of this name, in any case.
    Folder(&'static str),
    /// A runtime identifier.
    Rid,
    /// A framework; `any` is `.NETPlatform` there.
    Framework,
    /// A framework; `any` is any there.
    FrameworkOrAny,
    /// A language of people.
    Locale,
    /// A language of programs.
    Language,
    /// A library or program.
    Assembly,
    /// The texts of a library in one language.
    Satellite,
    /// What MSBuild imports.
    Import,
    /// Any file, in folders too.
    Files,
}

/// Where files of a kind lie; `framework` is theirs where no folder names one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    pub(super) tokens: &'static [Token],
    pub(super) framework: Default,
}

/// The framework of what lies in no framework's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    /// There is none: a folder says it.
    None,
    /// Any.
    Any,
    /// The .NET Framework, whichever version.
    Net,
}

/// What the folders of a path say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Properties {
    pub(super) framework: Option<Framework>,
    pub(super) rid: Option<String>,
    pub(super) language: Option<String>,
}

/// A file that says that there is nothing.
pub(super) const PLACEHOLDER: &str = "_._";

impl Pattern {
    /// What a path says, if it is of this form. `strict` also asks for the file itself to be of the kind; otherwise its
    /// folder counts, whatever is in it.
    pub(super) fn matches(&self, path: &str, strict: bool) -> Option<Properties> {
        let mut properties = Properties {
            framework: self.framework.framework(),
            ..Properties::default()
        };
        let mut rest = path;
        for (at, token) in self.tokens.iter().enumerate() {
            if at + 1 == self.tokens.len() {
                return token.is_file(rest, strict).then_some(properties);
            }
            let (folder, after) = rest.split_once('/')?;
            properties.read(*token, folder)?;
            rest = after;
        }
        None
    }
}

impl Default {
    fn framework(self) -> Option<Framework> {
        match self {
            Self::None => None,
            Self::Any => Some(Framework::any()),
            Self::Net => Some(Framework::new(Identifier::NetFramework, [0; 4])),
        }
    }
}

impl Properties {
    fn read(&mut self, token: Token, folder: &str) -> Option<()> {
        match token {
            Token::Folder(name) if name.eq_ignore_ascii_case(folder) => {}
            Token::Framework | Token::FrameworkOrAny => {
                self.framework = Some(framework(token, folder)?);
            }
            Token::Rid => self.rid = Some(folder.to_owned()),
            Token::Language => self.language = Some(folder.to_owned()),
            Token::Locale if is_locale(folder) => {}
            _ => return None,
        }
        Some(())
    }
}

fn framework(token: Token, folder: &str) -> Option<Framework> {
    if folder.eq_ignore_ascii_case("any") {
        return match token {
            Token::FrameworkOrAny => Some(Framework::any()),
            _ => Framework::from_folder("dotnet").ok(),
        };
    }
    Framework::from_folder(folder).ok()
}

/// `de`, `fra` or `fr-FR`.
fn is_locale(folder: &str) -> bool {
    let head = folder.split('-').next().unwrap_or_default();
    matches!(head.len(), 2 | 3) && (folder.len() == head.len() || folder.len() > 4)
}

impl Token {
    fn is_file(self, rest: &str, strict: bool) -> bool {
        if rest.is_empty() || (self != Self::Files && rest.contains('/')) {
            return false;
        }
        if rest == PLACEHOLDER || !strict {
            return true;
        }
        let ends = |endings: &[&str]| {
            let lower = rest.to_ascii_lowercase();
            endings.iter().any(|ending| lower.ends_with(ending))
        };
        match self {
            Self::Assembly => ends(&[".dll", ".winmd", ".exe"]),
            Self::Satellite => ends(&[".resources.dll"]),
            Self::Import => ends(&[".props", ".targets"]),
            _ => true,
        }
    }
}
