//! What a VM must satisfy to be stored, and the work that storing it orders.

use nova_api::types::VirtualMachine;
use serde_json::{Value, json};

use super::doc::{add_finalizer, deleting, flag, text};
use super::intent::{self, Answer};
use super::op::{Asks, Caller, Verb};
use super::resolve::{Blocked, resolve};
use super::status::explain;
use super::subject::{Shelf, vm_key};
use super::table::State;
use crate::api::error::{ApiError, Cause};
use crate::app::App;
use crate::store::{Key, Object, Tx, format_time};

/// Keeps the object of a deleted VM until the engine has nothing of it.
pub(super) const FINALIZER: &str = "nova.dev/engine";

/// Checks a VM that is created or replaced, and places the operation that the change needs. Answers
/// the operation's name for the header `Nova-Operation`.
pub(crate) fn admit_change(
    app: &App,
    tx: &mut Tx<'_>,
    before: Option<&Value>,
    after: &mut Value,
    caller: &Caller,
) -> Result<Option<String>, ApiError> {
    match before {
        None => create(app, tx, after, caller).map(Some),
        Some(before) => update(app, tx, before, after, caller),
    }
}

fn create(app: &App, tx: &mut Tx<'_>, vm: &mut Value, caller: &Caller) -> Result<String, ApiError> {
    check(app, vm)?;
    vm["status"] = json!({"phase": "Pending"});
    // Its operation names it by uid before it is stored.
    vm["metadata"]["uid"] = json!(uuid::Uuid::now_v7().to_string());
    let off = text(vm, "/spec/runState") == "Stopped";
    let frozen = text(vm, "/spec/runState") == "Paused";
    let mut names: Vec<&str> = super::op::MAKE.to_vec();
    match (off, frozen) {
        (true, _) => {}
        (_, true) => names.extend(&super::op::BOOT[..1]),
        _ => names.extend(super::op::BOOT),
    }
    let asks = Asks {
        paused: frozen,
        ..Asks::default()
    };
    let op = intent::place(tx, vm, Verb::Create, (&asks, names), caller)?;
    Ok(text(&op, "/metadata/name").to_owned())
}

fn update(
    app: &App,
    tx: &mut Tx<'_>,
    before: &Value,
    after: &mut Value,
    caller: &Caller,
) -> Result<Option<String>, ApiError> {
    if before.get("spec") == after.get("spec") {
        return Ok(None);
    }
    if deleting(before) {
        return Err(refuse_update(before));
    }
    check(app, after)?;
    let wanted = run_state(after).to_owned();
    if run_state(before) == wanted {
        return Ok(None);
    }
    let state = State::of(before);
    let verb = match (wanted.as_str(), state) {
        ("Stopped", _) => Verb::Stop,
        ("Paused", State::Up) => Verb::Pause,
        _ => Verb::Start,
    };
    let asks = Asks {
        paused: wanted == "Paused",
        ..Asks::default()
    };
    // The verb is decided from the state before; it writes the wish itself.
    after["spec"]["runState"] = json!(run_state(before));
    let answer = intent::order(tx, after, verb, &asks, caller)?;
    after["spec"]["runState"] = json!(wanted);
    Ok(match answer {
        Answer::Operation(op) => Some(text(&op, "/metadata/name").to_owned()),
        Answer::Unchanged => None,
    })
}

fn run_state(vm: &Value) -> &str {
    match text(vm, "/spec/runState") {
        "" => "Running",
        state => state,
    }
}

fn key_of(vm: &Value) -> Key {
    vm_key(text(vm, "/metadata/namespace"), text(vm, "/metadata/name"))
}

fn refuse_update(vm: &Value) -> ApiError {
    let key = key_of(vm);
    let message = format!(
        "cannot update virtual machine {:?} while it is Deleting",
        key.name
    );
    ApiError::invalid_state(&key, "Deleting", State::Deleting.allowed(), &message)
}

/// Fields with a closed set of words, as far as another one is there.
fn wrong_words(vm: &Value) -> Vec<Cause> {
    let sets = [
        ("runState", &["Running", "Stopped", "Paused"]),
        ("restartPolicy", &["Always", "OnFailure", "Never"]),
    ];
    let wrong = sets.into_iter().filter_map(|(field, known)| {
        let value = &vm["spec"][field];
        let word = value.as_str().filter(|word| !known.contains(word));
        word.map(|_| Cause::unsupported(format!("spec.{field}"), value, known))
    });
    wrong.collect()
}

/// Refuses what can never become a machine, with every fault at once. An image that is not there yet in full is no fault.
fn check(app: &App, vm: &Value) -> Result<(), ApiError> {
    let mut causes = wrong_words(vm);
    let mut meant = vm.clone();
    if !causes.is_empty() {
        // What a word that nobody knows would need is anybody's guess.
        meant["spec"]["runState"] = json!("Stopped");
    }
    let typed: VirtualMachine = serde_json::from_value(meant)
        .map_err(|e| ApiError::bad_request(format!("VirtualMachine in body: {e}")))?;
    let key = key_of(vm);
    let shelf = Shelf {
        app,
        namespace: key.namespace.clone(),
    };
    match resolve(&typed, &shelf) {
        Ok(_) | Err(Blocked::ImageNotReady(_)) => {}
        Err(Blocked::Invalid(more)) => causes.extend(more),
        Err(blocked) if causes.is_empty() => {
            return Err(refusal(&key, &typed, &blocked, &shelf.names()));
        }
        Err(_) => {}
    }
    if causes.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(&key, "VirtualMachine", causes))
}

/// The error of a VM that cannot be made into a machine.
/// `images` are names that may have been meant.
pub(super) fn refusal(
    key: &Key,
    vm: &VirtualMachine,
    blocked: &Blocked,
    images: &[String],
) -> ApiError {
    let causes = match blocked {
        Blocked::Invalid(causes) => causes.clone(),
        Blocked::NodeNotFound(node) => {
            let text = explain(blocked).1;
            vec![Cause::invalid("spec.placement.node", &json!(node), &text)]
        }
        _ => return no_image(key, vm, blocked, images),
    };
    ApiError::invalid(key, "VirtualMachine", causes)
}

fn no_image(key: &Key, vm: &VirtualMachine, blocked: &Blocked, images: &[String]) -> ApiError {
    let name = match blocked {
        Blocked::ImageNotFound(name) | Blocked::ImageFailed(name) => name.as_str(),
        _ => "",
    };
    let field = match vm.spec.image.as_deref() {
        Some(image) if image == name => "spec.image",
        _ => "spec.disks",
    };
    let cause = Cause::invalid(field, &json!(name), &explain(blocked).1);
    let error = ApiError::invalid(key, "VirtualMachine", vec![cause]);
    let near = nova_core::suggest::hint(name, images.iter().map(String::as_str));
    let error = near.into_iter().fold(error, ApiError::hint);
    error.hint(match name {
        "tiny" => "build it with: nova image build tiny",
        _ => "list images with: nova image list -A",
    })
}

/// What a delete asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteAsks {
    /// `gracePeriodSeconds`; 0 is force.
    pub(crate) grace: Option<u64>,
    /// Also protected ones: their namespace goes.
    pub(crate) unprotect: bool,
}

/// Marks a VM as going away and orders its end; its driver removes the object. Answers the object as
/// it is now and the operation's name.
pub(crate) fn on_vm_delete(
    tx: &mut Tx<'_>,
    object: &Object,
    delete: &DeleteAsks,
    caller: &Caller,
) -> Result<(Value, Option<String>), ApiError> {
    let key = &object.key;
    let mut vm = object.value();
    if flag(&vm, "/spec/protected") == Some(true) && !delete.unprotect {
        let hint = format!("nova vm update {} --set protected=false", key.name);
        return Err(ApiError::protected(key, "spec.protected is set").hint(hint));
    }
    let force = delete.grace == Some(0);
    let asks = Asks {
        grace: delete.grace,
        force,
        ..Asks::default()
    };
    let answer = intent::order(tx, &mut vm, Verb::Delete, &asks, caller)?;
    if !deleting(&vm) {
        add_finalizer(&mut vm, FINALIZER);
        vm["metadata"]["deletionTimestamp"] = json!(format_time(tx.now()));
        let grace = delete
            .grace
            .or_else(|| super::doc::whole(&vm, "/spec/shutdown/gracePeriodSeconds"));
        // Nothing has to end in order when the machine is off.
        let off = text(&vm, "/spec/runState") == "Stopped"
            && ["Stopped", "Failed"].contains(&object.field("status.phase").as_str());
        let grace = if off { 0 } else { grace.unwrap_or(30) };
        vm["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
    }
    let stored = tx.put(key, vm)?.value();
    let name = match answer {
        Answer::Operation(op) => Some(text(&op, "/metadata/name").to_owned()),
        Answer::Unchanged => {
            Some(text(&stored, "/status/currentOperation").to_owned()).filter(|n| !n.is_empty())
        }
    };
    Ok((stored, name))
}
