//! Entry point of `nova-cluster`.

fn main() -> std::process::ExitCode {
    nova_cluster::main()
}
