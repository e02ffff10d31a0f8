//! Runs the distribution's programs and reads what they say.

use std::ffi::OsStr;
use std::time::Duration;

use nova_core::exec::Program;

use super::Error;

/// How programs say that nothing more can be written; a program behind them then reports its own end.
const FULL: [&str; 2] = ["No space left on device", "Disk quota exceeded"];

/// How often `tick` hears of a running program.
const TICK: Duration = Duration::from_millis(100);

/// Runs `program`, set up by `setup`, and returns its standard output.
pub(crate) fn run(
    program: impl AsRef<OsStr>,
    setup: impl FnOnce(Program) -> Program,
) -> Result<Vec<u8>, Error> {
    let name = program.as_ref().to_string_lossy().into_owned();
    // Messages are recognised by their words, and nothing may ask.
    let plain = Program::new(program)
        .env("LC_ALL", "C")
        .env("DEBIAN_FRONTEND", "noninteractive");
    let ran = setup(plain).run().map_err(Error::Run)?;
    if ran.success() {
        return Ok(ran.stdout);
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    if FULL.iter().any(|words| said.contains(words)) {
        return Err(Error::Full { program: name });
    }
    let reason = ran.last_error_line();
    Err(Error::Program {
        program: name,
        reason,
    })
}

/// Does `work` on a thread of its own, calling `tick` about ten times a second meanwhile.
pub(crate) fn watched<T: Send>(work: impl FnOnce() -> T + Send, mut tick: impl FnMut()) -> T {
    std::thread::scope(|scope| {
        let worker = scope.spawn(work);
        while !worker.is_finished() {
            tick();
            std::thread::sleep(TICK);
        }
        worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
