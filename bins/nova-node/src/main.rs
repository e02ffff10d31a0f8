//! Entry point of `nova-node`.

fn main() -> std::process::ExitCode {
    nova_node::main()
}
