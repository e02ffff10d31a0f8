//! Entry point of `nova-server`.

fn main() -> std::process::ExitCode {
    nova_server::main()
}
