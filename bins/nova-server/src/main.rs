//! Entry point of `nova-server`.

/// A fleet's server makes and frees objects without end; the system's allocator keeps twice as much of what was freed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    nova_server::main()
}
