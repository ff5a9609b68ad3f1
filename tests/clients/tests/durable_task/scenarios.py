"""What programs do with the Durable Task SDK, against the server at the first argument."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

import grpc
from durabletask import client, entities, task, worker

ADDRESS = sys.argv[1]
Status = client.OrchestrationStatus
PATIENCE = 30


def connect():
    return client.TaskHubGrpcClient(host_address=ADDRESS)


@contextlib.contextmanager
def working(*functions):
    """A worker; functions are workflows or entities where they are marked as such, and activities otherwise."""
    with worker.TaskHubGrpcWorker(host_address=ADDRESS) as own:
        for function in functions:
            if function in WORKFLOWS:
                own.add_orchestrator(function)
            elif function in ENTITIES:
                own.add_entity(function)
            else:
                own.add_activity(function)
        own.start()
        yield own


WORKFLOWS = set()


def workflow(function):
    WORKFLOWS.add(function)
    return function


ENTITIES = set()


def entity(function):
    ENTITIES.add(function)
    return function


def finish(hub, instance, status=Status.COMPLETED, patience=PATIENCE):
    state = hub.wait_for_orchestration_completion(instance, timeout=patience)
    assert state.runtime_status == status, state
    return state


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def shown(path):
    """What the server's own API shows."""
    with urllib.request.urlopen(f"http://{ADDRESS}/api/v1/{path}") as answer:
        return json.load(answer)


def refused(code, act):
    try:
        act()
    except grpc.RpcError as error:
        assert error.code() == code, error
        return error.details()
    raise AssertionError("it was not refused")


# Workflows and activities


def add_one(_, number):
    return number + 1


def broken(_, text):
    raise ValueError(f"no {text}")


@workflow
def twice(ctx, number):
    first = yield ctx.call_activity(add_one, input=number)
    second = yield ctx.call_activity(add_one, input=first)
    return second


@workflow
def all_at_once(ctx, count):
    numbers = yield task.when_all([ctx.call_activity(add_one, input=n) for n in range(count)])
    return sum(numbers)


@workflow
def parent(ctx, number):
    numbers = yield task.when_all([ctx.call_sub_orchestrator(twice, input=number + n) for n in range(3)])
    return numbers


@workflow
def sleeper(ctx, seconds):
    yield ctx.create_timer(timedelta(seconds=seconds))
    return ctx.current_utc_datetime.isoformat()


@workflow
def collector(ctx, count):
    words = []
    for _ in range(count):
        words.append((yield ctx.wait_for_external_event("word")))
    return words


@workflow
def counter(ctx, number):
    word = yield ctx.wait_for_external_event("again")
    if number == 3:
        return [number, word]
    ctx.continue_as_new(number + 1, save_events=True)


@workflow
def reporter(ctx, _):
    ctx.set_custom_status({"step": 1})
    yield ctx.wait_for_external_event("go")
    ctx.set_custom_status("done")


@workflow
def unlucky(ctx, text):
    yield ctx.call_activity(broken, input=text)


@workflow
def asks_rust(ctx, number):
    doubled = yield ctx.call_activity("Double", input=number)
    echoed = yield ctx.call_sub_orchestrator("Echo", input={"of": doubled})
    return echoed


# Scenarios: clients of workflows in Rust


def starts_and_queries():
    hub = connect()
    tags = {"kind": "echo"}
    instance = hub.schedule_new_orchestration(
        "Echo", input={"b": 1, "a": "ä"}, instance_id="echo-1", tags=tags, version="2")
    assert instance == "echo-1"
    state = finish(hub, instance)
    assert state.name == "Echo" and state.get_output(dict) == {"b": 1, "a": "ä"}, state
    assert hub.get_orchestration_state("nobody") is None
    assert hub.wait_for_orchestration_completion("nobody", timeout=PATIENCE) is None
    text = refused(grpc.StatusCode.ALREADY_EXISTS, lambda: hub.schedule_new_orchestration("Echo", instance_id="echo-1"))
    assert "echo-1" in text, text
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: hub.get_orchestration_state("a/b"))
    failed = hub.schedule_new_orchestration("Fail")
    state = finish(hub, failed, Status.FAILED)
    assert state.failure_details.error_type == "Broken" and state.failure_details.message == "it does not work"
    later = hub.schedule_new_orchestration("Echo", start_at=datetime.now(timezone.utc) + timedelta(hours=1))
    assert hub.get_orchestration_state(later).runtime_status == Status.PENDING
    everything = hub.get_all_orchestration_states()
    assert [state.instance_id for state in everything] == ["echo-1", failed, later], everything
    ended = hub.get_all_orchestration_states(client.OrchestrationQuery(runtime_status=[Status.FAILED]))
    assert [state.instance_id for state in ended] == [failed]
    page = hub.list_instance_ids(page_size=1)
    rest = hub.list_instance_ids(page_size=1, continuation_token=page.continuation_token)
    assert {*page.items, *rest.items} == {"echo-1", failed} and rest.continuation_token is None
    kinds = [type(event).__name__ for event in hub.get_orchestration_history("echo-1")]
    assert kinds == ["OrchestratorStartedEvent", "ExecutionStartedEvent", "OrchestratorCompletedEvent",
                     "ExecutionCompletedEvent"], kinds


def signals_to_rust_workflows():
    hub = connect()
    refused(grpc.StatusCode.NOT_FOUND, lambda: hub.raise_orchestration_event("nobody", "paid"))
    refused(grpc.StatusCode.NOT_FOUND, lambda: hub.suspend_orchestration("nobody"))
    hub.terminate_orchestration("nobody")
    instance = hub.schedule_new_orchestration("Order")
    until(lambda: hub.get_orchestration_state(instance).serialized_custom_status == '"waiting for payment"')
    hub.suspend_orchestration(instance)
    until(lambda: hub.get_orchestration_state(instance).runtime_status == Status.SUSPENDED)
    hub.raise_orchestration_event(instance, "paid", data=7)
    hub.resume_orchestration(instance)
    assert finish(hub, instance).get_output(int) == 7
    hub.raise_orchestration_event(instance, "paid", data=8)  # it has ended, which is no error
    other = hub.schedule_new_orchestration("Order")
    hub.terminate_orchestration(other, output="enough")
    assert finish(hub, other, Status.TERMINATED).get_output(str) == "enough"
    refused(grpc.StatusCode.FAILED_PRECONDITION, lambda: hub.rewind_orchestration(other))
    refused(grpc.StatusCode.NOT_FOUND, lambda: hub.rewind_orchestration("nobody"))


def purges_and_restarts():
    hub = connect()
    instance = hub.schedule_new_orchestration("Echo", input=1)
    finish(hub, instance)
    again = hub.restart_orchestration(instance, restart_with_new_instance_id=True)
    assert again != instance and finish(hub, again).get_output(int) == 1
    assert hub.restart_orchestration(instance) == instance
    finish(hub, instance)
    running = hub.schedule_new_orchestration("Order")
    refused(grpc.StatusCode.FAILED_PRECONDITION, lambda: hub.restart_orchestration(running))
    assert hub.purge_orchestration(running).deleted_instance_count == 0
    assert hub.purge_orchestration("nobody").deleted_instance_count == 0
    assert hub.purge_orchestration(instance).deleted_instance_count == 1
    purged = hub.purge_orchestrations_by(runtime_status=[Status.COMPLETED])
    assert purged.deleted_instance_count == 1 and purged.is_complete, purged
    assert hub.get_orchestration_state(again) is None


# Scenarios: workers


def sequence():
    hub = connect()
    with working(twice, add_one):
        instances = [hub.schedule_new_orchestration(twice, input=n) for n in range(20)]
        assert [finish(hub, instance).get_output(int) for instance in instances] == list(range(2, 22))


def fan_out():
    hub = connect()
    with working(all_at_once, add_one):
        assert finish(hub, hub.schedule_new_orchestration(all_at_once, input=100)).get_output(int) == 5050


def sub_orchestrations():
    hub = connect()
    with working(parent, twice, add_one):
        instance = hub.schedule_new_orchestration(parent, input=5)
        assert finish(hub, instance).get_output(list) == [7, 8, 9]
        assert len(hub.get_all_orchestration_states()) == 4
        assert hub.purge_orchestration(instance, recursive=True).deleted_instance_count == 4


def timers():
    hub = connect()
    with working(sleeper):
        before = datetime.now(timezone.utc)
        state = finish(hub, hub.schedule_new_orchestration(sleeper, input=1.0))
        woken = datetime.fromisoformat(state.get_output(str)).replace(tzinfo=timezone.utc)
        assert woken - before >= timedelta(seconds=0.99), (before, woken)


def external_events():
    hub = connect()
    with working(collector):
        instance = hub.schedule_new_orchestration(collector, input=5)
        words = ["a", "", None, {"k": [1]}, "ä"]
        for word in words:
            hub.raise_orchestration_event(instance, "WORD", data=word)
        assert finish(hub, instance).get_output(list) == words


def continue_as_new():
    hub = connect()
    with working(counter):
        instance = hub.schedule_new_orchestration(counter, input=0)
        for number in range(4):
            hub.raise_orchestration_event(instance, "again", data=number)
        assert finish(hub, instance).get_output(list) == [3, 3]


def custom_status():
    hub = connect()
    with working(reporter):
        instance = hub.schedule_new_orchestration(reporter)
        until(lambda: hub.get_orchestration_state(instance).serialized_custom_status == '{"step": 1}')
        hub.raise_orchestration_event(instance, "go")
        assert finish(hub, instance).serialized_custom_status == '"done"'


def failures():
    hub = connect()
    with working(unlucky, broken):
        state = finish(hub, hub.schedule_new_orchestration(unlucky, input="luck"), Status.FAILED)
        assert "no luck" in state.failure_details.message, state.failure_details
        assert state.failure_details.stack_trace


def terminated():
    hub = connect()
    with working(collector):
        instance = hub.schedule_new_orchestration(collector, input=1)
        hub.wait_for_orchestration_start(instance, timeout=PATIENCE)
        hub.terminate_orchestration(instance, output={"why": "enough"})
        assert finish(hub, instance, Status.TERMINATED).get_output(dict) == {"why": "enough"}


def suspended():
    hub = connect()
    with working(collector):
        instance = hub.schedule_new_orchestration(collector, input=2)
        hub.wait_for_orchestration_start(instance, timeout=PATIENCE)
        hub.suspend_orchestration(instance)
        until(lambda: hub.get_orchestration_state(instance).runtime_status == Status.SUSPENDED)
        for word in ["a", "b"]:
            hub.raise_orchestration_event(instance, "word", data=word)
        assert hub.get_orchestration_state(instance).runtime_status == Status.SUSPENDED
        hub.resume_orchestration(instance)
        assert finish(hub, instance).get_output(list) == ["a", "b"]


def rewound():
    hub = connect()
    mended = Path(tempfile.mkdtemp()) / "mended"

    def fragile(_, number):
        if not mended.exists():
            raise ValueError("not mended")
        return number * 10

    def fragile_flow(ctx, number):
        first = yield ctx.call_activity(add_one, input=number)
        return (yield ctx.call_activity(fragile, input=first))

    WORKFLOWS.add(fragile_flow)
    with working(fragile_flow, fragile, add_one):
        instance = hub.schedule_new_orchestration(fragile_flow, input=1)
        finish(hub, instance, Status.FAILED)
        mended.touch()
        hub.rewind_orchestration(instance, reason="mended")
        until(lambda: hub.get_orchestration_state(instance).runtime_status == Status.COMPLETED)
        assert hub.get_orchestration_state(instance).get_output(int) == 20


def python_calls_rust():
    hub = connect()
    with working(asks_rust):
        assert finish(hub, hub.schedule_new_orchestration(asks_rust, input=4)).get_output(dict) == {"of": 8}


def rust_calls_python():
    hub = connect()
    with working(twice, add_one):
        finish(hub, hub.schedule_new_orchestration(twice, input=1))  # now the worker is known
        assert finish(hub, hub.schedule_new_orchestration("AsksPython", input=4)).get_output(int) == 7


def workers_with_filters():
    hub = connect()
    with contextlib.ExitStack() as stack:
        for functions in [(twice,), (add_one,)]:
            own = stack.enter_context(worker.TaskHubGrpcWorker(host_address=ADDRESS))
            for function in functions:
                own.add_orchestrator(function) if function in WORKFLOWS else own.add_activity(function)
            own.use_work_item_filters()
            own.start()
        assert finish(hub, hub.schedule_new_orchestration(twice, input=1)).get_output(int) == 3


def a_workflow_before_its_worker():
    hub = connect()
    instance = hub.schedule_new_orchestration(twice, input=1)
    hub.terminate_orchestration(hub.schedule_new_orchestration(twice, input=1))
    assert hub.get_orchestration_state(instance).runtime_status in (Status.PENDING, Status.RUNNING)
    with working(twice, add_one):
        assert finish(hub, instance).get_output(int) == 3


@contextlib.contextmanager
def process(scenario, *arguments):
    """A worker in a process of its own."""
    own = subprocess.Popen([sys.executable, __file__, ADDRESS, scenario, *map(str, arguments)])
    try:
        yield own
    finally:
        own.kill()
        own.wait()


def a_worker_that_is_killed():
    hub = connect()
    mark = Path(tempfile.mkdtemp()) / "hang"
    with process("slow_worker", mark):
        instance = hub.schedule_new_orchestration("slow_flow", input=1)
        until(mark.exists)
    with process("slow_worker", mark):
        assert finish(hub, instance).get_output(int) == 2


def a_worker_that_hangs():
    """Its connection stays open, and it answers nothing: the server finds out, and another worker gets its work."""
    hub = connect()
    mark = Path(tempfile.mkdtemp()) / "hang"
    with process("slow_worker", mark) as first:
        instance = hub.schedule_new_orchestration("slow_flow", input=1)
        until(mark.exists)
        os.kill(first.pid, signal.SIGSTOP)
        with process("slow_worker", mark):
            assert finish(hub, instance, patience=90).get_output(int) == 2
            os.kill(first.pid, signal.SIGCONT)
            until(lambda: len(connected()) == 2)  # it comes back by itself
        assert finish(hub, hub.schedule_new_orchestration("slow_flow", input=2)).get_output(int) == 3


def connected():
    return [each for each in shown("workers")["workers"] if each["kind"] == "durable-task"]


def slow_worker():
    """A worker whose activity hangs until somebody has made the file, which it does itself the first time."""
    mark = Path(sys.argv[3])

    def slow(_, number):
        if not mark.exists():
            mark.touch()
            time.sleep(600)
        return number + 1

    def slow_flow(ctx, number):
        return (yield ctx.call_activity(slow, input=number))

    WORKFLOWS.add(slow_flow)
    with working(slow_flow, slow):
        time.sleep(600)


def a_worker_that_is_replaced():
    """Each version of a worker gets the instances of its own version; those of another wait for theirs."""
    hub = connect()
    with versioned("1.0"):
        old = hub.schedule_new_orchestration("flow", version="1.0")
        hub.wait_for_orchestration_start(old, timeout=PATIENCE)
    until(lambda: not connected())
    with versioned("2.0"):
        hub.raise_orchestration_event(old, "go")
        new = hub.schedule_new_orchestration("flow", version="2.0")
        hub.raise_orchestration_event(new, "go")
        assert finish(hub, new).get_output(str) == "2.0 by 2.0"
        assert hub.get_orchestration_state(old).runtime_status == Status.RUNNING
        why = shown(f"instances/{old}/why")["reasons"][0]
        assert why["kind"] == "unclaimed" and why["message"] == 'it waits for a worker that runs "flow" 1.0', why
        waiting = shown("workers")["waiting"]
        assert waiting == [{"kind": "turn", "name": "flow", "version": "1.0", "count": 1}], waiting
        with versioned("1.0"):
            assert finish(hub, old).get_output(str) == "1.0 by 1.0"


# Entities


@entity
def purse(ctx, amount):
    match ctx.operation:
        case "add":
            ctx.set_state(ctx.get_state(int, 0) + amount)
        case "explode":
            ctx.set_state(-1)
            raise ValueError("it exploded")
        case "delete":
            ctx.set_state(None)
            return None
        case "tell":
            ctx.signal_entity(entities.EntityInstanceId("purse", amount), "add", ctx.get_state(int, 0))
        case "start":
            ctx.schedule_new_orchestration("twice", input=ctx.get_state(int, 0), instance_id=amount)
    return ctx.get_state(int, 0)


def named(key):
    return entities.EntityInstanceId("purse", key)


@workflow
def move(ctx, asked):
    source, target, amount = named(asked[0]), named(asked[1]), asked[2]
    with (yield ctx.lock_entities([source, target])):
        before = yield ctx.call_entity(source, "add", 0)
        yield ctx.create_timer(timedelta(milliseconds=20))
        yield ctx.call_entity(source, "add", -amount)
        after = yield ctx.call_entity(source, "add", 0)
        yield ctx.call_entity(target, "add", amount)
    return before - after


@workflow
def exploding(ctx, key):
    try:
        yield ctx.call_entity(named(key), "explode")
    except Exception as error:
        return str(error)


@workflow
def asks_a_rust_entity(ctx, key):
    """An entity of the server's own."""
    tally = entities.EntityInstanceId("Tally", key)
    ctx.signal_entity(tally, "add", 2)
    return (yield ctx.call_entity(tally, "add", 3))


@workflow
def holds(ctx, key):
    with (yield ctx.lock_entities([named(key)])):
        yield ctx.wait_for_external_event("go")


def entities_of_all_kinds():
    hub = connect()
    # What is asked for before there is a worker is not lost.
    hub.signal_entity(named("a"), "add", 5)
    with working(purse, move, exploding, asks_a_rust_entity, holds, twice, add_one):
        until(lambda: value(hub, "a") == 5)
        hub.signal_entity(named("a"), "add", 2)
        assert value(hub, "a") == 7, "whoever signals sees what the signal did"
        shown_error = finish(hub, hub.schedule_new_orchestration(exploding, input="a")).get_output(str)
        assert "it exploded" in shown_error, shown_error
        assert value(hub, "a") == 7, "a failed operation leaves the state as it was"
        assert finish(hub, hub.schedule_new_orchestration(asks_a_rust_entity, input="k")).get_output(int) == 5

        hub.signal_entity(named("a"), "tell", "b")
        hub.signal_entity(named("a"), "start", "started-by-an-entity")
        until(lambda: value(hub, "b") == 7)
        until(lambda: hub.get_orchestration_state("started-by-an-entity") is not None)
        assert finish(hub, "started-by-an-entity").get_output(int) == 9

        moves = [("a", "b", 1), ("b", "a", 2), ("a", "b", 3), ("b", "a", 4)] * 3
        for instance, (_, _, amount) in [(hub.schedule_new_orchestration(move, input=each), each) for each in moves]:
            assert finish(hub, instance).get_output(int) == amount, "nobody else was here"
        until(lambda: (value(hub, "a"), value(hub, "b")) == (7 + 6, 7 - 6))

        later = datetime.now(timezone.utc) + timedelta(seconds=1.5)
        hub.signal_entity(named("late"), "add", 1, signal_time=later)
        assert value(hub, "late") is None
        until(lambda: value(hub, "late") == 1)
        assert datetime.now(timezone.utc) >= later

        holding = hub.schedule_new_orchestration(holds, input="a")
        until(lambda: hub.get_entity(named("a"))._locked_by == holding)
        hub.signal_entity(named("a"), "add", 100)
        assert hub.get_entity(named("a")).backlog_queue_size == 1
        hub.terminate_orchestration(holding)
        until(lambda: value(hub, "a") == 113)

        found = hub.get_all_entities(client.EntityQuery(instance_id_starts_with="@Purse@", page_size=2))
        assert sorted(str(each.id) for each in found) == ["@purse@a", "@purse@b", "@purse@late"], found
        hub.signal_entity(named("late"), "delete")
        until(lambda: hub.get_entity(named("late")) is None)
        hub.clean_entity_storage()
        assert len(hub.get_all_entities()) == 3


def value(hub, key):
    found = hub.get_entity(named(key))
    return found.get_state(int) if found else None


@contextlib.contextmanager
def versioned(version):
    """A worker that takes one version alone."""

    def stamp(_, text):
        return f"{text} by {version}"

    def flow(ctx, _):
        yield ctx.wait_for_external_event("go")
        return (yield ctx.call_activity(stamp, input=ctx.version))

    with worker.TaskHubGrpcWorker(host_address=ADDRESS) as own:
        own.add_orchestrator(flow)
        own.add_activity(stamp)
        own.use_versioning(worker.VersioningOptions(
            version=version, match_strategy=worker.VersionMatchStrategy.STRICT,
            failure_strategy=worker.VersionFailureStrategy.REJECT))
        own.use_work_item_filters()
        own.start()
        yield


if __name__ == "__main__":
    globals()[sys.argv[2]]()
    sys.stdout.flush()
    os._exit(0)  # the SDK's threads may take their time
