//! `nova get`: objects of any kind.

use nova_api::client::{ListingOptions, Part};
use nova_core::args::{ListArgs, names_with_stdin};
use nova_core::{Cx, Failure, Format, Item, Kind, Listing, Result};

use crate::input::FileArgs;
use crate::kinds::Kinds;
use crate::target::{Group, resolve};

/// Show objects of any kind
///
/// Kinds are named by plural, singular or short name; several are separated by commas, and `all`
/// stands for the ones people work with. The columns are the server's; a watch of several kinds has
/// columns of its own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova get vm\n\
\x20 nova get vm/web-1 image/tiny -o yaml\n\
\x20 nova get vm,image -A --show-labels\n\
\x20 nova get all -l app=web -o name\n\
\x20 nova get vm,operation -w\n\
\x20 nova get -f web.yaml")]
pub(crate) struct GetArgs {
    /// Kind, kind and names, or KIND/NAME; - reads names from standard input
    #[arg(value_name = "KIND[/NAME]", conflicts_with = "filename")]
    words: Vec<String>,

    /// Show who owns which field
    #[arg(long)]
    show_managed_fields: bool,

    #[command(flatten)]
    files: FileArgs,

    #[command(flatten)]
    list: ListArgs,
}

/// One listing, or several that are written one after the other.
#[derive(Debug)]
pub(crate) struct Found {
    listings: Vec<Listing>,
    missing_is_fine: bool,
    empty: String,
}

pub(crate) async fn run(cx: &Cx, args: &GetArgs) -> Result<Found> {
    let words = names_with_stdin(&args.words)?;
    let kinds = Kinds::open(cx).await?;
    let mut groups = Vec::new();
    if args.files.filename.is_empty() {
        let found = resolve(&kinds, &words).await?;
        groups.extend(found.into_iter().map(|group| (group, None)));
    } else {
        for input in args.files.read(cx, &kinds).await? {
            let names = vec![input.name];
            groups.push((
                Group {
                    info: input.info,
                    names,
                },
                Some(input.namespace),
            ));
        }
    }
    check(args, &groups)?;
    let parts = groups
        .into_iter()
        .map(|(group, namespace)| part(&kinds, args, group, namespace.as_deref()));
    let listings = listings(cx, &kinds, args, parts.collect())?;
    Ok(Found {
        empty: listings
            .first()
            .map(|listing| listing.empty.clone())
            .unwrap_or_default(),
        listings,
        missing_is_fine: args.list.ignore_not_found,
    })
}

/// Where the objects of a group are.
fn part(kinds: &Kinds, args: &GetArgs, group: Group, namespace: Option<&str>) -> Part {
    let resources = kinds.objects(&group.info, namespace.unwrap_or_default());
    Part {
        resources: if args.list.all_namespaces {
            resources.all_namespaces()
        } else {
            resources
        },
        names: group.names,
    }
}

/// One listing per kind, or one for all of them where they are watched.
fn listings(cx: &Cx, kinds: &Kinds, args: &GetArgs, parts: Vec<Part>) -> Result<Vec<Listing>> {
    let (watching, several) = (args.list.watch || args.list.watch_only, parts.len() > 1);
    if watching && several {
        let whole = kinds
            .api()
            .watch_parts(cx, &args.list, parts, args.show_managed_fields)?;
        return Ok(vec![whole]);
    }
    let listing = |part: Part| {
        let options = ListingOptions {
            managed_fields: args.show_managed_fields,
            ..ListingOptions::from_args(&args.list, &part.names)?
        };
        let mut listing = part.resources.listing_with(cx, &args.list, options)?;
        listing.show_kind |= several;
        listing.single &= !several;
        Ok(listing)
    };
    parts.into_iter().map(listing).collect()
}

fn check(args: &GetArgs, groups: &[(Group, Option<String>)]) -> Result<()> {
    if args.list.sort_by.is_some() && groups.len() > 1 {
        return Err(Failure::usage("only objects of one kind can be sorted"));
    }
    let names = groups.iter().any(|(group, _)| !group.names.is_empty());
    let selects = args.list.selector.is_some() || args.list.field_selector.is_some();
    if names && selects && args.files.filename.is_empty() {
        return Err(Failure::usage("names and selectors cannot be combined"));
    }
    if names && args.list.all_namespaces {
        return Err(Failure::usage("a name is of one namespace")
            .with_hint("say which with: --namespace NS"));
    }
    Ok(())
}

impl Found {
    /// Writes what was found, in the wanted format.
    pub(crate) fn emit(mut self, cx: &Cx) -> Result<()> {
        if self.listings.len() == 1 {
            return cx.emit_listing(self.listings.remove(0));
        }
        // Kinds differ in their columns, where columns are shown.
        let columns = matches!(
            cx.format(),
            Format::Csv | Format::Tsv | Format::Md | Format::Custom
        );
        if columns || cx.format().is_human() {
            self.emit_tables(cx)
        } else {
            cx.emit_listing(self.chained())
        }
    }

    /// Every kind has a table of its own, with a blank line between.
    fn emit_tables(self, cx: &Cx) -> Result<()> {
        let (mut shown, mut failed) = (0_usize, Vec::new());
        for mut listing in self.listings {
            let Some(items) = not_empty(listing.items) else {
                continue;
            };
            listing.items = items;
            if shown + failed.len() > 0 {
                cx.print("\n")?;
            }
            match cx.emit_listing(listing) {
                Ok(()) => shown += 1,
                Err(failure) if failure.is_silent() => failed.push(failure),
                Err(failure) => return Err(failure),
            }
        }
        let Some(first) = failed.first() else {
            if shown == 0 && !self.missing_is_fine {
                cx.note(&self.empty);
            }
            return Ok(());
        };
        let alike = shown == 0 && failed.iter().all(|failure| failure.code() == first.code());
        let code = if alike {
            first.code()
        } else {
            Kind::Partial.code()
        };
        Err(Failure::silent(code))
    }

    /// All objects as one list.
    fn chained(self) -> Listing {
        let mut listings = self.listings.into_iter();
        let mut whole = listings
            .next()
            .unwrap_or_else(|| Listing::new(std::iter::empty()));
        let rest = listings.flat_map(|listing| listing.items);
        let first = std::mem::replace(&mut whole.items, Box::new(std::iter::empty()));
        let items = first.chain(rest);
        whole.items = Box::new(items.filter(|item| !matches!(item, Ok(Item::EndOfList))));
        whole.empty = self.empty;
        whole
    }
}

type Items = Box<dyn Iterator<Item = Result<Item>> + Send>;

/// The same items, unless there is no object and no failure among them.
fn not_empty(mut items: Items) -> Option<Items> {
    let mut before = Vec::new();
    for item in items.by_ref() {
        match item {
            Ok(Item::Columns(_)) => before.push(item),
            Ok(Item::EndOfList) => return None,
            other => {
                before.push(other);
                return Some(Box::new(before.into_iter().chain(items)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_core::Row;

    fn items(items: Vec<Item>) -> Items {
        Box::new(items.into_iter().map(Ok))
    }

    #[test]
    fn a_kind_without_objects_is_left_out() {
        assert!(not_empty(items(vec![Item::Columns(Vec::new()), Item::EndOfList])).is_none());
        assert!(not_empty(items(vec![])).is_none());
        let some = vec![
            Item::Columns(Vec::new()),
            Item::Row(Row::default()),
            Item::EndOfList,
        ];
        assert_eq!(not_empty(items(some)).unwrap().count(), 3);
    }

    #[test]
    fn several_kinds_become_one_list_with_one_end() {
        let listing = || Listing::new(items(vec![Item::Row(Row::default()), Item::EndOfList]));
        let found = Found {
            listings: vec![listing(), listing()],
            missing_is_fine: false,
            empty: String::new(),
        };
        assert_eq!(found.chained().items.count(), 2);
    }
}
