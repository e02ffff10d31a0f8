//! Every tool in one executable.
fn main() {}
