//! Whether a project may use what is made for another framework.

use super::identifier::Identifier as I;
use super::model::Framework;
use super::numbers::reaches_version;
use super::portable;
use super::reach::{may_reach, reaches};

impl Framework {
    /// Whether a project for this framework may use what a package has for `package`.
    #[must_use]
    pub fn accepts(&self, package: &Self) -> bool {
        if self == package || self.is_any() || package.is_any() {
            return true;
        }
        if self.is_unsupported() || package.is_unsupported() {
            return false;
        }
        if package.is(I::Agnostic) {
            return true;
        }
        if package.is_portable() {
            self.accepts_portable(package)
        } else {
            self.accepts_plain(package)
        }
    }

    /// Each framework that the project is for must find one that the package is for.
    fn accepts_portable(&self, package: &Self) -> bool {
        // In a list it cannot be told which are optional, so a project need not be for those.
        let project = if self.is_portable() {
            portable::members(self.profile(), false)
        } else {
            Ok(vec![self.clone()])
        };
        let package = portable::members(package.profile(), true);
        let (Ok(project), Ok(package)) = (project, package) else {
            return false;
        };
        let found = |mine: &Self| package.iter().any(|theirs| mine.accepts(theirs));
        project.len() <= package.len() && project.iter().all(found)
    }

    fn accepts_plain(&self, package: &Self) -> bool {
        if self.accepts_directly(package) {
            return true;
        }
        let (Some(project), Some(package)) = (self.shape(), package.shape()) else {
            return false;
        };
        may_reach(project.identifier, package.identifier) && reaches(project, package)
    }

    /// Whether this holds by the names alone, without the tables.
    fn accepts_directly(&self, package: &Self) -> bool {
        if !self.has_name_of(package) {
            return self.is_net6_on_platform() && self.accepts_forerunner(package);
        }
        let platform = !self.is_net5()
            || package.platform().is_empty()
            || self.platform().eq_ignore_ascii_case(package.platform())
                && reaches_version(self.platform_version(), package.platform_version());
        platform
            && reaches_version(self.version(), package.version())
            && self.profile().eq_ignore_ascii_case(package.profile())
    }

    /// Android and Tizen projects use packages from before .NET had platforms.
    fn accepts_forerunner(&self, package: &Self) -> bool {
        let platform = match package.known() {
            Some(I::MonoAndroid) => "android",
            Some(I::Tizen) => "tizen",
            _ => return false,
        };
        self.platform().eq_ignore_ascii_case(platform)
    }
}
