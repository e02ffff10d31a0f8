//! Entry point of `nova-image`.

fn main() -> std::process::ExitCode {
    nova_image::main()
}
