//! Reading manifests.

use roxmltree::{Document, Node};

use super::{ContentFiles, Dependency, Flags, Nuspec, PerFramework};
use crate::framework::Framework;
use crate::version::{Range, Version};

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NuspecError {
    /// Not well-formed.
    #[error("the package manifest is not valid XML: {0}")]
    NotXml(#[from] roxmltree::Error),
    /// It lacks what every package has.
    #[error("the package manifest has no {0}")]
    Missing(&'static str),
    /// A version or range that is none.
    #[error("the package manifest says {what} '{value}', which is not a valid version")]
    BadVersion {
        /// Whose version.
        what: &'static str,
        /// As written.
        value: String,
    },
}

impl Nuspec {
    /// Reads a manifest; its namespace does not matter.
    pub fn parse(text: &str) -> Result<Self, NuspecError> {
        let document = Document::parse(text.trim_start_matches('\u{feff}'))?;
        let metadata =
            child(document.root_element(), "metadata").ok_or(NuspecError::Missing("metadata"))?;
        let written = value(metadata, "version").ok_or(NuspecError::Missing("version"))?;
        let is_true = |name: &'static str| {
            value(metadata, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        Ok(Self {
            id: value(metadata, "id")
                .ok_or(NuspecError::Missing("id"))?
                .to_owned(),
            version: version("version", written)?,
            min_client: attribute(metadata, "minClientVersion")
                .map(|text| version("minClientVersion", text))
                .transpose()?,
            serviceable: is_true("serviceable"),
            development: is_true("developmentDependency"),
            dependencies: dependencies(metadata)?,
            framework_assemblies: framework_assemblies(metadata),
            framework_references: grouped(
                metadata,
                "frameworkReferences",
                "frameworkReference",
                "name",
            ),
            references: grouped(metadata, "references", "reference", "file"),
            content_files: content_files(metadata),
            types: types(metadata),
        })
    }
}

/// Elements of this name; manifests are written with any namespace.
fn children<'d>(node: Node<'d, 'd>, name: &'static str) -> impl Iterator<Item = Node<'d, 'd>> {
    node.children()
        .filter(move |child| child.is_element() && child.tag_name().name() == name)
}

fn child<'d>(node: Node<'d, 'd>, name: &'static str) -> Option<Node<'d, 'd>> {
    children(node, name).next()
}

/// The entries of a list.
fn entries<'d>(
    node: Node<'d, 'd>,
    list: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'d, 'd>> {
    children(node, list).flat_map(move |list| children(list, name))
}

fn value<'d>(node: Node<'d, 'd>, name: &'static str) -> Option<&'d str> {
    let text = child(node, name)?.text()?.trim();
    Some(text).filter(|text| !text.is_empty())
}

fn attribute<'d>(node: Node<'d, 'd>, name: &str) -> Option<&'d str> {
    node.attribute(name)
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

fn version(what: &'static str, text: &str) -> Result<Version, NuspecError> {
    Version::parse(text).ok_or_else(|| NuspecError::BadVersion {
        what,
        value: text.to_owned(),
    })
}

/// The framework of a group; any, where it names none.
fn framework(group: Node<'_, '_>) -> Framework {
    let named = attribute(group, "targetFramework");
    named.map_or_else(Framework::any, |text| {
        Framework::parse(text).unwrap_or_else(|_| Framework::unsupported())
    })
}

/// Groups, or one flat list for any framework.
fn dependencies(metadata: Node<'_, '_>) -> Result<Vec<PerFramework<Vec<Dependency>>>, NuspecError> {
    let Some(list) = child(metadata, "dependencies") else {
        return Ok(Vec::new());
    };
    let read = |node: Node<'_, '_>| {
        children(node, "dependency")
            .map(dependency)
            .collect::<Result<Vec<_>, _>>()
    };
    let groups: Vec<_> = children(list, "group")
        .map(|group| {
            Ok(PerFramework {
                framework: framework(group),
                value: read(group)?,
            })
        })
        .collect::<Result<_, NuspecError>>()?;
    if !groups.is_empty() {
        return Ok(groups);
    }
    let flat = read(list)?;
    let any = PerFramework {
        framework: Framework::any(),
        value: flat,
    };
    Ok(if any.value.is_empty() {
        Vec::new()
    } else {
        vec![any]
    })
}

fn dependency(node: Node<'_, '_>) -> Result<Dependency, NuspecError> {
    let range = match attribute(node, "version") {
        // A dependency on whatever there is.
        None => Range::default(),
        Some(text) => Range::parse_fixed(text).ok_or_else(|| NuspecError::BadVersion {
            what: "a dependency's version",
            value: text.to_owned(),
        })?,
    };
    let include = attribute(node, "include").map_or(Flags::OF_DEPENDENCY, Flags::parse);
    let exclude = attribute(node, "exclude").map_or(Flags::NONE, Flags::parse);
    Ok(Dependency {
        id: attribute(node, "id")
            .ok_or(NuspecError::Missing("id of a dependency"))?
            .to_owned(),
        range,
        flags: include.without(exclude),
    })
}

fn framework_assemblies(metadata: Node<'_, '_>) -> Vec<(String, Vec<Framework>)> {
    let read = |node: Node<'_, '_>| {
        let name = attribute(node, "assemblyName")?.to_owned();
        let frameworks = attribute(node, "targetFramework")
            .unwrap_or_default()
            .split(',');
        let frameworks = frameworks.map(str::trim).filter(|text| !text.is_empty());
        Some((
            name,
            frameworks
                .filter_map(|text| Framework::parse(text).ok())
                .collect(),
        ))
    };
    entries(metadata, "frameworkAssemblies", "frameworkAssembly")
        .filter_map(read)
        .collect()
}

/// Names by framework: those of the groups, or of one flat list.
fn grouped(
    metadata: Node<'_, '_>,
    list: &'static str,
    entry: &'static str,
    name: &'static str,
) -> Vec<PerFramework<Vec<String>>> {
    let names = |node: Node<'_, '_>| -> Vec<String> {
        let named = children(node, entry).filter_map(|node| attribute(node, name));
        named.map(str::to_owned).collect()
    };
    let groups: Vec<_> = entries(metadata, list, "group")
        .map(|group| PerFramework {
            framework: framework(group),
            value: names(group),
        })
        .collect();
    let flat: Vec<String> = children(metadata, list).flat_map(names).collect();
    if groups.is_empty() && !flat.is_empty() {
        return vec![PerFramework {
            framework: Framework::any(),
            value: flat,
        }];
    }
    groups
}

fn content_files(metadata: Node<'_, '_>) -> Vec<ContentFiles> {
    let read = |node: Node<'_, '_>| {
        let owned = |name: &str| attribute(node, name).map(str::to_owned);
        let switch =
            |name: &str| attribute(node, name).map(|text| text.eq_ignore_ascii_case("true"));
        Some(ContentFiles {
            include: owned("include")?,
            exclude: owned("exclude"),
            build_action: owned("buildAction"),
            copy_to_output: switch("copyToOutput"),
            flatten: switch("flatten"),
        })
    };
    entries(metadata, "contentFiles", "files")
        .filter_map(read)
        .collect()
}

fn types(metadata: Node<'_, '_>) -> Vec<String> {
    let named =
        entries(metadata, "packageTypes", "packageType").filter_map(|node| attribute(node, "name"));
    named.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"<?xml version="1.0"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata minClientVersion="2.12">
    <id>Some.Package</id><version> 1.2.0-Beta </version><serviceable>True</serviceable>
    <dependencies>
      <group targetFramework=".NETStandard2.0">
        <dependency id="A" version="1.0" exclude="Build,Analyzers" />
        <dependency id="B" version="[1.0, 2.0)" include="All" />
      </group>
      <group targetFramework="net472" />
    </dependencies>
    <frameworkAssemblies><frameworkAssembly assemblyName="System.Xml" targetFramework=".NETFramework4.7.2, net48" /></frameworkAssemblies>
    <frameworkReferences><group targetFramework="net8.0"><frameworkReference name="Microsoft.AspNetCore.App" /></group></frameworkReferences>
    <references><reference file="a.dll" /></references>
    <contentFiles><files include="cs/**" buildAction="None" copyToOutput="true" /></contentFiles>
    <packageTypes><packageType name="DotnetTool" /></packageTypes>
  </metadata>
</package>"#;

    #[test]
    fn everything_that_restore_needs_is_read() {
        let read = Nuspec::parse(FULL).unwrap();
        assert_eq!(
            (read.id.as_str(), read.version.normalized().as_str()),
            ("Some.Package", "1.2.0-Beta")
        );
        assert_eq!(read.min_client.unwrap().normalized(), "2.12.0");
        assert!(read.serviceable && !read.development);
        let [standard, full] = read.dependencies.as_slice() else {
            panic!("{:?}", read.dependencies)
        };
        assert_eq!(
            standard.framework,
            Framework::parse("netstandard2.0").unwrap()
        );
        assert!(full.value.is_empty());
        let [a, b] = standard.value.as_slice() else {
            panic!("{standard:?}")
        };
        assert_eq!(a.range.to_string(), "[1.0.0, )");
        assert_eq!(
            a.flags.to_string(),
            "Runtime, Compile, Native, BuildTransitive"
        );
        assert_eq!(
            (b.flags, b.range.to_string().as_str()),
            (Flags::ALL, "[1.0.0, 2.0.0)")
        );
        assert_eq!(read.framework_assemblies[0].1.len(), 2);
        assert_eq!(
            read.framework_references[0].value,
            ["Microsoft.AspNetCore.App"]
        );
        assert_eq!(read.references[0].value, ["a.dll"]);
        assert_eq!(read.content_files[0].copy_to_output, Some(true));
        assert_eq!(read.types, ["DotnetTool"]);
    }

    #[test]
    fn a_flat_list_is_for_any_framework_and_a_version_may_be_missing() {
        let text = "\u{feff}<package><metadata><id>a</id><version>1</version>\
                    <dependencies><dependency id='b'/></dependencies></metadata></package>";
        let read = Nuspec::parse(text).unwrap();
        assert!(read.dependencies[0].framework.is_any());
        assert_eq!(read.dependencies[0].value[0].range.to_string(), "(, )");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let said = |metadata: &str| {
            let text = format!("<package><metadata>{metadata}</metadata></package>");
            Nuspec::parse(&text).unwrap_err().to_string()
        };
        assert_eq!(said("<id>a</id>"), "the package manifest has no version");
        assert!(said("<id>a</id><version>x</version>").contains("'x'"));
        assert!(said("<id>a").contains("not valid XML"));
        assert!(Nuspec::parse("<!DOCTYPE x [<!ENTITY a 'b'>]><package/>").is_err());
    }
}
