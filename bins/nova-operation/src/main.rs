//! Entry point of `nova-operation`.

fn main() -> std::process::ExitCode {
    nova_operation::main()
}
