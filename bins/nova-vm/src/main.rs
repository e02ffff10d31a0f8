//! Entry point of `nova-vm`.

fn main() -> std::process::ExitCode {
    nova_vm::main()
}
