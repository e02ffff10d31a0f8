//! Entry point of `nova-auth`.

fn main() -> std::process::ExitCode {
    nova_auth::main()
}
