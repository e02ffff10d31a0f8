//! Where an image of a name is: in the namespace at hand, else in `public`, as VMs look it up.

use nova_api::client::{Api, Resources};
use nova_api::{Image, PUBLIC_NAMESPACE};
use nova_core::args::ListArgs;
use nova_core::{Cx, Failure, Item, Listing, Result};

/// The places in which names are looked up, nearest first. A namespace that was named is the only
/// one.
pub(crate) fn places(cx: &Cx, api: &Api) -> Vec<Resources<Image>> {
    let own = api.images();
    if cx.globals().namespace.is_some() || api.namespace() == PUBLIC_NAMESPACE {
        return vec![own];
    }
    let public = own.clone().in_namespace(PUBLIC_NAMESPACE);
    vec![own, public]
}

/// The first place that has the image; the nearest one when none has, so that the error of a
/// missing image comes from there.
pub(crate) async fn place_of(places: &[Resources<Image>], name: &str) -> Result<Resources<Image>> {
    for place in places {
        match place.get_value(name).await {
            Ok(_) => return Ok(place.clone()),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(places[0].clone())
}

/// One listing of the chosen images, each from where it is. Those of one place are asked for together.
pub(crate) async fn listing_of(
    cx: &Cx,
    places: &[Resources<Image>],
    args: &ListArgs,
    names: &[String],
) -> Result<Listing> {
    let mut groups: Vec<(Resources<Image>, Vec<String>)> = Vec::new();
    for name in names {
        let place = place_of(places, name).await?;
        match groups.last_mut() {
            Some((last, names)) if last.namespace() == place.namespace() => {
                names.push(name.clone());
            }
            _ => groups.push((place, vec![name.clone()])),
        }
    }
    if groups.len() > 1 && (args.watch || args.watch_only) {
        return Err(
            Failure::usage("images of several namespaces cannot be watched together")
                .with_hint("name the namespace, as in: nova image get -n public NAME -w"),
        );
    }
    let parts = groups
        .iter()
        .map(|(place, names)| place.listing(cx, args, names));
    let mut listing = chain(parts.collect::<Result<_>>()?);
    listing.single &= names.len() == 1;
    Ok(listing)
}

/// Joins listings of one kind. The settings of the first hold for all.
pub(crate) fn chain(parts: Vec<Listing>) -> Listing {
    let single = parts.len() == 1;
    let mut parts = parts.into_iter();
    let Some(mut first) = parts.next() else {
        return Listing::new(std::iter::empty());
    };
    let mut columns = None;
    let rest: Vec<_> = parts.map(|part| part.items).collect();
    let own = std::mem::replace(&mut first.items, Box::new(std::iter::empty()));
    let items = std::iter::once(own).chain(rest).flatten();
    // Columns that only repeat would print the header again.
    first.items = Box::new(items.filter(move |item| match item {
        Ok(Item::Columns(new)) => columns.replace(new.clone()).as_ref() != Some(new),
        Ok(Item::EndOfList) => single,
        _ => true,
    }));
    first.single &= single;
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_core::{Column, Row};

    fn part(names: &[&str]) -> Listing {
        let columns = vec![Column {
            name: "Name".into(),
            priority: 0,
        }];
        let rows = names.iter().map(|name| {
            Ok(Item::Row(Row {
                full_name: (*name).to_owned(),
                ..Row::default()
            }))
        });
        let mut items = vec![Ok(Item::Columns(columns))];
        items.extend(rows);
        items.push(Ok(Item::EndOfList));
        Listing::new(items.into_iter())
    }

    #[test]
    fn joined_listings_have_one_header_and_all_rows() {
        let items: Vec<_> = chain(vec![part(&["a"]), part(&["b", "c"])])
            .items
            .map(Result::unwrap)
            .collect();
        let headers = items
            .iter()
            .filter(|item| matches!(item, Item::Columns(_)))
            .count();
        let rows: Vec<_> = items
            .iter()
            .filter_map(|item| {
                if let Item::Row(row) = item {
                    Some(row.full_name.as_str())
                } else {
                    None
                }
            })
            .collect();
        assert_eq!((headers, rows), (1, vec!["a", "b", "c"]));
    }
}
