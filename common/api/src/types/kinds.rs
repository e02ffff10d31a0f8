//! Every kind that this release knows.

use super::resource::{KindInfo, Resource};
use super::{Event, Image, Namespace, Node, Operation, Token, User, VirtualMachine};

/// The kinds with a Rust type.
pub const KINDS: &[KindInfo] = &[
    VirtualMachine::INFO,
    Image::INFO,
    Operation::INFO,
    Node::INFO,
    Namespace::INFO,
    Event::INFO,
    Token::INFO,
    User::INFO,
];
