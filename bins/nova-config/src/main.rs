//! Entry point of `nova-config`.

fn main() -> std::process::ExitCode {
    nova_config::main()
}
