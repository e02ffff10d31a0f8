//! The executable; see the library.

fn main() -> std::process::ExitCode {
    nova_completion::main()
}
