//! What merging must know of the fields of a kind.

/// How a value is taken apart. What a shape does not name is open: its objects are merged member by
/// member, its lists are replaced as one.
#[derive(Debug)]
pub(crate) enum Shape {
    /// An object with some members that have shapes of their own; scalars and lists are leaves.
    Open {
        named: &'static [(&'static str, Self)],
        /// Whether members belong to the type: their objects are not owned by themselves then.
        declared: bool,
    },
    /// A list of objects that one member tells apart.
    Keyed {
        key: &'static str,
        item: &'static Self,
    },
    /// A list of scalars without order, each once.
    Unique,
    /// One leaf, whatever is in it.
    Atomic,
}

/// A value of the type that nothing more is to be known of.
pub(super) const PLAIN: Shape = Shape::Open {
    named: &[],
    declared: true,
};
/// An object whose members are names of the user's: labels, annotations.
const NAMES: Shape = Shape::Open {
    named: &[],
    declared: false,
};
const BY_NAME: Shape = Shape::Keyed {
    key: "name",
    item: &PLAIN,
};
const METADATA: Shape = Shape::Open {
    named: &[
        ("annotations", NAMES),
        ("finalizers", Shape::Unique),
        ("labels", NAMES),
        (
            "ownerReferences",
            Shape::Keyed {
                key: "uid",
                item: &Shape::Atomic,
            },
        ),
    ],
    declared: true,
};
/// What controllers observe; newer ones may write more than the type has.
const STATUS: Shape = Shape::Open {
    named: &[(
        "conditions",
        Shape::Keyed {
            key: "type",
            item: &PLAIN,
        },
    )],
    declared: false,
};
const SPEC: Shape = Shape::Open {
    named: &[
        ("disks", BY_NAME),
        ("networks", BY_NAME),
        ("ports", BY_NAME),
    ],
    declared: true,
};

/// Any kind: members of the same name have the same shape in all of them.
pub(crate) static OBJECT: Shape = Shape::Open {
    named: &[("metadata", METADATA), ("spec", SPEC), ("status", STATUS)],
    declared: true,
};

impl Shape {
    /// The shape of a member.
    pub(super) fn member(&self, name: &str) -> &Self {
        let Self::Open { named, declared } = self else {
            return &PLAIN;
        };
        let found = named.iter().find(|(known, _)| *known == name);
        match found {
            Some((_, shape)) => shape,
            None if *declared => &PLAIN,
            None => &NAMES,
        }
    }

    /// Whether members belong to the type.
    pub(super) fn declares(&self) -> bool {
        matches!(self, Self::Open { declared: true, .. })
    }

    /// The shape of a list's elements.
    pub(super) fn item(&self) -> &Self {
        match self {
            Self::Keyed { item, .. } => item,
            _ => &PLAIN,
        }
    }
}
