"""Runs state machines through boto3: one JSON object a line on standard input, what came of it on standard output."""

import concurrent.futures
import json
import sys
import time

import boto3
from botocore.config import Config

ROLE = "arn:aws:iam::111111111111:role/role"
PATIENCE = 120

client = boto3.client(
    "stepfunctions",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="any",
    aws_secret_access_key="any",
    config=Config(max_pool_connections=32, retries={"total_max_attempts": 1}, inject_host_prefix=False),
)


def settled(execution):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        described = client.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.02)
    raise TimeoutError(f"{execution} still runs")


def history(execution):
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution, maxResults=500)
    return [event for page in pages for event in page["events"]]


def run(case):
    definition = json.dumps(case["definition"])
    machine = client.create_state_machine(name=case["machine"], definition=definition, roleArn=ROLE, type=case["type"])
    arn, text = machine["stateMachineArn"], json.dumps(case["input"])
    if case["type"] == "EXPRESS":
        return client.start_sync_execution(stateMachineArn=arn, input=text)
    execution = client.start_execution(stateMachineArn=arn, input=text)["executionArn"]
    ended = settled(execution)
    return {**ended, "events": history(execution)}


def told(case):
    try:
        ended = run(case)
    except Exception as error:
        return {"machine": case["machine"], "problem": f"{type(error).__name__}: {error}"}
    members = ("status", "output", "error", "cause", "events")
    return {"machine": case["machine"], **{name: ended[name] for name in members if name in ended}}


with concurrent.futures.ThreadPoolExecutor(16) as pool:
    for answer in pool.map(told, map(json.loads, sys.stdin)):
        print(json.dumps(answer, default=str))
