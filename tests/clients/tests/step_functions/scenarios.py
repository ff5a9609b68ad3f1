"""What programs do with Step Functions, through boto3. Ends with a text that says what was wrong."""

import json
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::111111111111:role/role"

client = boto3.client(
    "stepfunctions",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="any",
    aws_secret_access_key="any",
    config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, read_timeout=90),
)


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: got {got!r}, expected {expected!r}")


def refused(what, code, call, **arguments):
    try:
        answer = call(**arguments)
    except ClientError as error:
        check(what, error.response["Error"]["Code"], code)
        check(what, isinstance(error, getattr(client.exceptions, code, ClientError)), True)
        if not error.response["Error"]["Message"]:
            sys.exit(f"{what}: the error says nothing")
        return error.response["Error"]["Message"]
    sys.exit(f"{what}: it was not refused: {answer!r}")


def definition(**states):
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def create(name, text, **more):
    return client.create_state_machine(name=name, definition=text, roleArn=ROLE, **more)["stateMachineArn"]


def settled(execution, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        described = client.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.02)
    sys.exit(f"{execution} still runs")


def until(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    sys.exit(f"it does not come: {what}")


PASS = {"Type": "Pass", "End": True}


def machines():
    arn = create("machine", definition(S=PASS))
    check("creating the same again", create("machine", definition(S=PASS)), arn)
    other = definition(S={"Type": "Succeed"})
    refused("another of that name", "StateMachineAlreadyExists", client.create_state_machine, name="machine", definition=other, roleArn=ROLE)
    refused("a bad name", "InvalidName", client.create_state_machine, name="a b", definition=other, roleArn=ROLE)
    told = refused("a bad definition", "InvalidDefinition", client.create_state_machine, name="bad", definition=definition(S={"Type": "Pass", "Next": "T"}), roleArn=ROLE)
    check("the definition's problem", "/States/S/Next" in told, True)
    verdict = client.validate_state_machine_definition(definition=definition(S={"Type": "Pass", "Next": "T"}))
    check("the verdict", (verdict["result"], verdict["diagnostics"][0]["code"]), ("FAIL", "MISSING_TRANSITION_TARGET"))
    check("the other verdict", client.validate_state_machine_definition(definition=other)["result"], "OK")
    shown = client.describe_state_machine(stateMachineArn=arn)
    check("the machine", (shown["name"], shown["status"], shown["type"], shown["roleArn"]), ("machine", "ACTIVE", "STANDARD", ROLE))
    check("its definition", shown["definition"], definition(S=PASS))
    updated = client.update_state_machine(stateMachineArn=arn, definition=other)
    check("a new revision", updated["revisionId"] != shown.get("revisionId"), True)
    check("the new definition", client.describe_state_machine(stateMachineArn=arn)["definition"], other)
    for number in range(5):
        create(f"many-{number}", other)
    pages = client.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})
    names = [machine["name"] for page in pages for machine in page["stateMachines"]]
    check("the list", names, ["machine", *(f"many-{number}" for number in range(5))])
    client.delete_state_machine(stateMachineArn=arn)
    until("its end", lambda: "machine" not in [m["name"] for m in client.list_state_machines()["stateMachines"]])
    refused("a deleted machine", "StateMachineDoesNotExist", client.describe_state_machine, stateMachineArn=arn)
    refused("an execution of it", "StateMachineDoesNotExist", client.start_execution, stateMachineArn=arn)
    refused("no ARN", "InvalidArn", client.describe_state_machine, stateMachineArn="machine")


def executions():
    doubling = definition(S={"Type": "Task", "Resource": "fn:double", "End": True})
    arn = create("doubles", doubling)
    started = client.start_execution(stateMachineArn=arn, name="one", input="21")
    refused("an input that is no JSON", "InvalidExecutionInput", client.start_execution, stateMachineArn=arn, input="{")
    ended = settled(started["executionArn"])
    check("the execution", (ended["status"], ended["output"], ended["input"], ended["name"]), ("SUCCEEDED", "42", "21", "one"))
    check("its times", ended["stopDate"] >= ended["startDate"], True)
    events = client.get_execution_history(executionArn=started["executionArn"])["events"]
    types = ["ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded"]
    check("its events", [event["type"] for event in events], types)
    check("their order", [event["id"] for event in events], list(range(1, 8)))
    back = client.get_execution_history(executionArn=started["executionArn"], reverseOrder=True, maxResults=2)
    check("its last events", [event["id"] for event in back["events"]], [7, 6])
    check("there are more", "nextToken" in back, True)
    refused("a wrong token", "InvalidToken", client.get_execution_history, executionArn=started["executionArn"], nextToken="nonsense")
    failed = client.start_execution(stateMachineArn=arn, input='"text"')["executionArn"]
    ended = settled(failed)
    check("the failure", (ended["status"], ended["error"]), ("FAILED", "TypeError"))
    refused("one that ended, started again", "ExecutionAlreadyExists", client.start_execution, stateMachineArn=arn, name="one", input="21")
    waits = create("waits", definition(S={"Type": "Wait", "Seconds": 600, "End": True}))
    running = client.start_execution(stateMachineArn=waits, name="one", input="21")["executionArn"]
    again = client.start_execution(stateMachineArn=waits, name="one", input="21")
    check("one that runs, started again", again["executionArn"], running)
    refused("another of that name", "ExecutionAlreadyExists", client.start_execution, stateMachineArn=waits, name="one", input="22")
    check("it runs", client.describe_execution(executionArn=running)["status"], "RUNNING")
    client.stop_execution(executionArn=running, error="Stopped", cause="by hand")
    ended = settled(running)
    check("the stopped", (ended["status"], ended["error"], ended["cause"]), ("ABORTED", "Stopped", "by hand"))
    for number in range(4):
        settled(client.start_execution(stateMachineArn=arn, name=f"n{number}", input="1")["executionArn"])
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=arn, PaginationConfig={"PageSize": 2})
    names = [execution["name"] for page in pages for execution in page["executions"]]
    check("the executions", (len(names), names[:4]), (6, ["n3", "n2", "n1", "n0"]))
    failures = client.list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"]
    check("the failures", [execution["executionArn"] for execution in failures], [failed])
    refused("no such execution", "ExecutionDoesNotExist", client.describe_execution, executionArn=started["executionArn"] + "x")
    express = create("express", doubling, type="EXPRESS")
    done = client.start_sync_execution(stateMachineArn=express, input="4")
    check("an express execution", (done["status"], done["output"]), ("SUCCEEDED", "8"))
    wrong = client.start_sync_execution(stateMachineArn=express, input='"text"')
    check("its failure", (wrong["status"], wrong["error"]), ("FAILED", "TypeError"))


def revisions():
    wait = {"Type": "Wait", "Seconds": 1, "Next": "Tell"}
    arn = create("changes", definition(W=wait, Tell={"Type": "Pass", "Result": "old", "End": True}))
    old = client.start_execution(stateMachineArn=arn)["executionArn"]
    client.update_state_machine(stateMachineArn=arn, definition=definition(Tell={"Type": "Pass", "Result": "new", "End": True}))
    new = client.start_execution(stateMachineArn=arn)["executionArn"]
    check("the new revision", settled(new)["output"], '"new"')
    check("a running execution keeps its revision", settled(old)["output"], '"old"')


def activities():
    arn = client.create_activity(name="work")["activityArn"]
    check("creating it again", client.create_activity(name="work")["activityArn"], arn)
    check("the list", [activity["name"] for activity in client.list_activities()["activities"]], ["work"])
    machine = create("works", definition(S={"Type": "Task", "Resource": arn, "HeartbeatSeconds": 20, "End": True}))
    tasks = []
    worker = threading.Thread(target=lambda: tasks.append(client.get_activity_task(activityArn=arn, workerName="me")))
    worker.start()
    execution = client.start_execution(stateMachineArn=machine, input='{"a": 1}')["executionArn"]
    worker.join(60)
    task = tasks[0]
    check("the task's input", json.loads(task["input"]), {"a": 1})
    client.send_task_heartbeat(taskToken=task["taskToken"])
    client.send_task_success(taskToken=task["taskToken"], output='{"b": 2}')
    check("what came of it", json.loads(settled(execution)["output"]), {"b": 2})
    refused("a task that ended", "TaskTimedOut", client.send_task_success, taskToken=task["taskToken"], output="{}")
    refused("a token of nobody", "InvalidToken", client.send_task_success, taskToken="nonsense", output="{}")
    failing = client.start_execution(stateMachineArn=machine)["executionArn"]
    task = client.get_activity_task(activityArn=arn)
    client.send_task_failure(taskToken=task["taskToken"], error="Broken", cause="it broke")
    ended = settled(failing)
    check("the failure", (ended["error"], ended["cause"]), ("Broken", "it broke"))
    client.delete_activity(activityArn=arn)
    refused("a deleted activity", "ActivityDoesNotExist", client.describe_activity, activityArn=arn)


def callbacks():
    parameters = {"FunctionName": "keep", "Payload": {"token.$": "$$.Task.Token"}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters": parameters, "End": True}
    arn = create("calls-back", definition(S=task))
    execution = client.start_execution(stateMachineArn=arn)["executionArn"]
    keeper = create("kept", definition(S={"Type": "Task", "Resource": "fn:kept", "End": True}))
    token = until("the token", lambda: json.loads(settled(client.start_execution(stateMachineArn=keeper)["executionArn"])["output"]))
    check("it waits", client.describe_execution(executionArn=execution)["status"], "RUNNING")
    client.send_task_success(taskToken=token, output='"called back"')
    check("what came of it", settled(execution)["output"], '"called back"')


def children():
    child = create("child", definition(S={"Type": "Pass", "Result": {"from": "child"}, "End": True}))
    parameters = {"StateMachineArn": child, "Input": {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": parameters, "OutputPath": "$.Output", "End": True}
    parent = create("parent", definition(S=task))
    ended = settled(client.start_execution(stateMachineArn=parent)["executionArn"])
    check("the child's output", (ended["status"], json.loads(ended["output"])), ("SUCCEEDED", {"from": "child"}))


def maps():
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "Parameters": {"Bucket": "result-bucket", "Key": "in/rows.csv"}}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "result-bucket", "Prefix": "out"}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"seen.$": "$.name"}, "End": True}}}
    arn = create("maps", definition(S={"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "ResultWriter": writer, "End": True}))
    ended = settled(client.start_execution(stateMachineArn=arn)["executionArn"])
    check("the map", (ended["status"], ended.get("cause")), ("SUCCEEDED", None))
    written = json.loads(ended["output"])["ResultWriterDetails"]
    check("where its results are", (written["Bucket"], written["Key"].startswith("out/")), ("result-bucket", True))
    print(json.dumps(written))


if __name__ == "__main__":
    globals()[sys.argv[2]]()
