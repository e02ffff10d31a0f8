//! Entry point of `nova-object`.

fn main() -> std::process::ExitCode {
    nova_object::main()
}
