//! Entry point of `nova-namespace`.

fn main() -> std::process::ExitCode {
    nova_namespace::main()
}
