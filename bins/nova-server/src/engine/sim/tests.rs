//! The simulator as the controller uses it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Call, Effect, Fault, SimOptions, open};
use crate::engine::sample::machine;
use crate::engine::{
    Engine, EngineDirs, EngineError, EngineEvent, ExecInput, ExecOutput, ExecRequest, ExitReason,
    Observation, Progress, ShutdownMethod,
};

struct Rig {
    engine: Arc<dyn Engine>,
    events: mpsc::UnboundedReceiver<EngineEvent>,
    dirs: EngineDirs,
    _home: Option<tempfile::TempDir>,
}

fn rig(options: SimOptions) -> Rig {
    let home = tempfile::tempdir().unwrap();
    let dirs = EngineDirs {
        data: home.path().join("data"),
        run: home.path().join("run"),
    };
    let engine = open(&dirs, options);
    Rig {
        events: engine.events(),
        engine,
        dirs,
        _home: Some(home),
    }
}

/// A second server on the same directory, as after kill -9.
fn again(dirs: &EngineDirs) -> Rig {
    let engine = open(dirs, SimOptions::default());
    Rig {
        events: engine.events(),
        engine,
        dirs: dirs.clone(),
        _home: None,
    }
}

async fn next(events: &mut mpsc::UnboundedReceiver<EngineEvent>) -> EngineEvent {
    tokio::time::timeout(Duration::from_secs(5), events.recv())
        .await
        .unwrap()
        .unwrap()
}

async fn boot(rig: &mut Rig) {
    rig.engine
        .provision(&machine(), &Progress::default())
        .await
        .unwrap();
    rig.engine.start(&machine(), false).await.unwrap();
    assert!(matches!(
        next(&mut rig.events).await,
        EngineEvent::Agent {
            connected: true,
            ..
        }
    ));
}

async fn collect(rig: &Rig, request: ExecRequest) -> (Vec<u8>, Vec<u8>, Option<i32>) {
    let mut session = rig.engine.exec(&machine().uid, request).await.unwrap();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        match session.output.recv().await.unwrap().unwrap() {
            ExecOutput::Stdout(bytes) => stdout.extend(bytes),
            ExecOutput::Stderr(bytes) => stderr.extend(bytes),
            ExecOutput::Exit { code, .. } => return (stdout, stderr, code),
        }
    }
}

fn command(words: &[&str]) -> ExecRequest {
    ExecRequest {
        command: words.iter().copied().map(String::from).collect(),
        ..ExecRequest::default()
    }
}

#[tokio::test]
async fn a_machine_boots_answers_and_powers_down() {
    let mut rig = rig(SimOptions::default());
    boot(&mut rig).await;
    let uid = machine().uid;
    rig.engine
        .shutdown(&uid, ShutdownMethod::Agent)
        .await
        .unwrap();
    let EngineEvent::Exited { exit, .. } = next(&mut rig.events).await else {
        panic!("no exit")
    };
    assert_eq!(
        (exit.reason, exit.code),
        (ExitReason::GuestShutdown, Some(0))
    );
    let seen = rig.engine.observe(&uid).await.unwrap();
    assert_eq!(
        seen,
        Observation::Off {
            last_exit: Some(exit)
        }
    );
    rig.engine.destroy(&uid).await.unwrap();
    assert_eq!(rig.engine.observe(&uid).await.unwrap(), Observation::Absent);
}

#[tokio::test]
async fn a_second_server_finds_the_machine_with_the_same_start_time() {
    let mut first = rig(SimOptions::default());
    boot(&mut first).await;
    let uid = machine().uid;
    let before = first.engine.observe(&uid).await.unwrap();
    let mut second = again(&first.dirs);
    let found = second
        .engine
        .recover(BTreeSet::from([uid.clone()]))
        .await
        .unwrap();
    assert_eq!(found.adopted, std::slice::from_ref(&uid));
    assert_eq!(second.engine.observe(&uid).await.unwrap(), before);
    assert!(matches!(
        next(&mut second.events).await,
        EngineEvent::Agent {
            connected: true,
            ..
        }
    ));
}

#[tokio::test]
async fn a_shutdown_asked_of_a_killed_server_still_happens() {
    let options = SimOptions {
        shutdown: Duration::from_millis(150),
        ..SimOptions::default()
    };
    let mut first = rig(options);
    boot(&mut first).await;
    let uid = machine().uid;
    first
        .engine
        .shutdown(&uid, ShutdownMethod::Acpi)
        .await
        .unwrap();
    let mut second = again(&first.dirs);
    second.engine.recover(BTreeSet::from([uid])).await.unwrap();
    let mut exited = false;
    while !exited {
        exited = matches!(next(&mut second.events).await, EngineEvent::Exited { .. });
    }
}

#[tokio::test]
async fn unknown_machines_are_removed_at_recovery() {
    let mut first = rig(SimOptions::default());
    boot(&mut first).await;
    let second = again(&first.dirs);
    let found = second.engine.recover(BTreeSet::new()).await.unwrap();
    assert_eq!((found.adopted.len(), found.removed.len()), (0, 1));
    let left = std::fs::read_dir(first.dirs.data.join("sim")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn commands_keep_streams_apart_and_give_their_code() {
    let mut rig = rig(SimOptions::default());
    boot(&mut rig).await;
    let script = command(&["sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!(
        collect(&rig, script).await,
        (b"out\n".to_vec(), b"err\n".to_vec(), Some(7))
    );
    assert_eq!(collect(&rig, command(&["nosuch"])).await.2, Some(127));
    let large = collect(&rig, command(&["head", "-c", "20000000", "/dev/zero"])).await;
    assert_eq!(large.0.len(), 20_000_000);
}

#[tokio::test]
async fn standard_input_is_copied_until_its_end_and_a_signal_ends_a_command() {
    let mut rig = rig(SimOptions::default());
    boot(&mut rig).await;
    let request = ExecRequest {
        stdin: true,
        ..command(&["cat"])
    };
    let mut cat = rig.engine.exec(&machine().uid, request).await.unwrap();
    cat.input
        .send(ExecInput::Stdin(b"hello".to_vec()))
        .await
        .unwrap();
    cat.input.send(ExecInput::Eof).await.unwrap();
    assert_eq!(
        cat.output.recv().await.unwrap().unwrap(),
        ExecOutput::Stdout(b"hello".to_vec())
    );
    let exit = ExecOutput::Exit {
        code: Some(0),
        signal: None,
    };
    assert_eq!(cat.output.recv().await.unwrap().unwrap(), exit);

    let mut sleep = rig
        .engine
        .exec(&machine().uid, command(&["sleep", "60"]))
        .await
        .unwrap();
    sleep
        .input
        .send(ExecInput::Signal("INT".into()))
        .await
        .unwrap();
    let exit = ExecOutput::Exit {
        code: None,
        signal: Some(2),
    };
    assert_eq!(sleep.output.recv().await.unwrap().unwrap(), exit);
}

#[tokio::test]
async fn a_command_fails_without_an_agent_and_ends_with_the_power() {
    let mut rig = rig(SimOptions {
        agent_delay: Duration::from_millis(200),
        ..SimOptions::default()
    });
    rig.engine.start(&machine(), false).await.unwrap();
    let uid = machine().uid;
    let early = rig.engine.exec(&uid, command(&["true"])).await.unwrap_err();
    assert!(matches!(early, EngineError::AgentUnavailable(_)));
    next(&mut rig.events).await;
    let mut sleep = rig
        .engine
        .exec(&uid, command(&["sleep", "60"]))
        .await
        .unwrap();
    rig.engine.kill(&uid).await.unwrap();
    assert!(sleep.output.recv().await.unwrap().is_err());
    assert!(matches!(
        rig.engine.exec(&uid, command(&["true"])).await,
        Err(EngineError::NotRunning)
    ));
}

#[tokio::test]
async fn faults_strike() {
    let fault = |call, effect| Fault {
        call,
        machine: None,
        times: Some(1),
        effect,
    };
    let faults = vec![
        fault(Call::Start, Effect::Fail),
        fault(Call::Start, Effect::Crash),
        fault(Call::Shutdown, Effect::Ignore),
    ];
    let mut rig = rig(SimOptions {
        faults,
        ..SimOptions::default()
    });
    rig.engine
        .provision(&machine(), &Progress::default())
        .await
        .unwrap();
    assert!(rig.engine.start(&machine(), false).await.is_err());
    assert!(matches!(
        rig.engine.start(&machine(), false).await,
        Err(EngineError::NotRunning)
    ));
    let EngineEvent::Exited { exit, .. } = next(&mut rig.events).await else {
        panic!("no exit")
    };
    assert_eq!(exit.reason, ExitReason::Crashed);
    boot(&mut rig).await;
    rig.engine
        .shutdown(&machine().uid, ShutdownMethod::Acpi)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    let seen = rig.engine.observe(&machine().uid).await.unwrap();
    assert!(matches!(seen, Observation::On { .. }));
}
