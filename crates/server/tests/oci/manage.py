"""Manages applications and functions with the real clients."""

import base64
import io
import json
import zipfile

import oci
from common import COMPARTMENT, ENDPOINT, GIVEN, NEW, check, config, invoking, management, refused
from oci.functions import models

client = management()
APP = f"made-{oci.__version__.replace('.', '-')}"


def zipped(files):
    bytes_ = io.BytesIO()
    with zipfile.ZipFile(bytes_, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return base64.b64encode(bytes_.getvalue()).decode()


def settled(function_id):
    """Waits until a function was deployed, as clients of the cloud do."""
    return oci.wait_until(
        client,
        client.get_function(function_id),
        evaluate_response=lambda answer: answer.data.lifecycle_state in ("ACTIVE", "FAILED"),
        max_interval_seconds=1,
        max_wait_seconds=120,
    ).data


def done(answer, work):
    """Waits for a work request, which only newer versions of the API have."""
    if not NEW:
        check("a work request", "opc-work-request-id" in answer.headers, False)
        return
    requests = oci.functions.WorkRequestManagementClient(config(), service_endpoint=ENDPOINT)
    work_id = answer.headers["opc-work-request-id"]
    got = oci.wait_until(
        requests, requests.get_work_request(work_id), "status", "SUCCEEDED", max_interval_seconds=1, max_wait_seconds=120
    )
    check("its operation", (got.data.operation_type, got.data.percent_complete), (work, 100.0))
    listed = requests.list_work_requests(COMPARTMENT, work_request_id=work_id).data.items
    check("its place in the list", [request.id for request in listed], [work_id])
    check("its errors", requests.list_work_request_errors(work_id).data.items, [])


# Applications
details = models.CreateApplicationDetails(
    compartment_id=COMPARTMENT,
    display_name=APP,
    subnet_ids=["ocid1.subnet.oc1..a"],
    config={"GREETING": "made"},
    freeform_tags={"team": "a"},
)
answer = client.create_application(details)
app = answer.data
check("the application", (app.display_name, app.lifecycle_state, app.config), (APP, "ACTIVE", {"GREETING": "made"}))
check("what is kept of it", (app.subnet_ids, app.freeform_tags), (["ocid1.subnet.oc1..a"], {"team": "a"}))
done(answer, "CREATE_APPLICATION")
refused("a second one", lambda: client.create_application(details), 409, "NotAuthorizedOrResourceAlreadyExists")
check("it is read", client.get_application(app.id).data, app)
listed = client.list_applications(COMPARTMENT).data
check("the list", sorted(one.display_name for one in listed), sorted([APP, "shop"]))
check("one of the list", [one.id for one in client.list_applications(COMPARTMENT, display_name=APP).data], [app.id])
pages = oci.pagination.list_call_get_all_results(client.list_applications, COMPARTMENT, limit=1).data
check("page by page", [one.display_name for one in pages], sorted([APP, "shop"]))
refused("an empty name", lambda: client.create_application(models.CreateApplicationDetails(
    compartment_id=COMPARTMENT, display_name="no name", subnet_ids=[])), 400, "InvalidParameter")

# Functions
if NEW:
    files = {
        "main.py": "import io, json, os\nfrom fdk import response\n"
        "def go(ctx, data: io.BytesIO = None):\n"
        "    told = [os.environ[name] for name in ('GREETING', 'LEVEL')]\n"
        "    return response.Response(ctx, response_data=json.dumps(told))\n"
    }
    source = models.CreateArchiveFunctionSourceDetails(
        handler="main.go",
        runtime_config=models.CreateManualRuntimeConfig(functions_runtime_name="python311"),
        archive_source_details=models.CreateDirectArchiveSourceDetails(archive_file=zipped(files)),
    )
    made = {"source_details": source}
    body = "x"
else:
    made = {"image": "local:toolbox"}
    body = '{"action": "tell"}'
details = models.CreateFunctionDetails(
    display_name="teller",
    application_id=app.id,
    memory_in_mbs=128,
    timeout_in_seconds=20,
    config={"LEVEL": "1"},
    freeform_tags={"k": "v"},
    **made,
)
answer = client.create_function(details)
function = answer.data
check("where it is invoked", function.invoke_endpoint, ENDPOINT)
check("its tags", function.freeform_tags, {"k": "v"})
done(answer, "CREATE_FUNCTION")
function = settled(function.id)
check("the function", (function.lifecycle_state, function.timeout_in_seconds), ("ACTIVE", 20))
if NEW:
    check("its source", (function.source_details.source_type, function.source_details.handler), ("ARCHIVE", "main.go"))
else:
    check("its image", function.image, "local:toolbox")
refused("a second one", lambda: client.create_function(details), 409, "NotAuthorizedOrResourceAlreadyExists")

invoke = oci.functions.FunctionsInvokeClient(config(), service_endpoint=function.invoke_endpoint)


def tells():
    told = invoke.invoke_function(function.id, invoke_function_body=body).data.json()
    return [told["GREETING"], told["LEVEL"]] if isinstance(told, dict) else told


check("what it tells", tells(), ["made", "1"])
check("the list", [one.display_name for one in client.list_functions(app.id).data], ["teller"])
check("none of the list", client.list_functions(app.id, display_name="other").data, [])
refused("a used application", lambda: client.delete_application(app.id), 409, "Conflict")

# Images that would need a container runtime
image = (
    {"source_details": models.CreateContainerImageFunctionSourceDetails(image="iad.ocir.io/a/b:1")}
    if NEW
    else {"image": "iad.ocir.io/a/b:1"}
)
real = models.CreateFunctionDetails(display_name="image", application_id=app.id, memory_in_mbs=128, **image)
error = refused("a real image", lambda: client.create_function(real), 400, "InvalidParameter")
check("it says what to do", "local:NAME" in error.message, True)

# Changes
etag = client.get_function(function.id).headers["etag"]
change = models.UpdateFunctionDetails(config={"LEVEL": "2"}, timeout_in_seconds=10)
answer = client.update_function(function.id, change, if_match=etag)
if not NEW:
    check("what is answered", answer.data.config, {"LEVEL": "2"})
done(answer, "UPDATE_FUNCTION")
function = settled(function.id)
check("the change", (function.config, function.timeout_in_seconds), ({"LEVEL": "2"}, 10))
check("what it tells then", tells(), ["made", "2"])
refused("an old state", lambda: client.update_function(function.id, change, if_match=etag), 412, "NoEtagMatch")
done(client.update_application(app.id, models.UpdateApplicationDetails(config={"GREETING": "new"})), "UPDATE_APPLICATION")
settled(function.id)
check("the application's change", tells(), ["new", "2"])

if NEW:
    files["main.py"] = files["main.py"].replace("json.dumps(told)", "json.dumps(told + ['code'])")
    source = models.UpdateArchiveFunctionSourceDetails(
        archive_source_details=models.UpdateDirectArchiveSourceDetails(archive_file=zipped(files))
    )
    done(client.update_function(function.id, models.UpdateFunctionDetails(source_details=source)), "UPDATE_FUNCTION")
    settled(function.id)
    check("new code", tells(), ["new", "2", "code"])

    def create(name, **source):
        return client.create_function(
            models.CreateFunctionDetails(
                display_name=name,
                application_id=app.id,
                memory_in_mbs=128,
                source_details=models.CreateArchiveFunctionSourceDetails(**source),
            )
        )

    def archive(files):
        return models.CreateDirectArchiveSourceDetails(archive_file=zipped(files))

    python = models.CreateManualRuntimeConfig(functions_runtime_name="python")
    for what, files in (("it leaves the folder", {"../func.py": ""}), ("no file", {"other.py": ""})):
        source = {"runtime_config": python, "archive_source_details": archive(files)}
        refused(what, lambda: create("bad", **source), 400, "InvalidParameter")
    java = models.CreateManualRuntimeConfig(functions_runtime_name="java17")
    source = {"runtime_config": java, "archive_source_details": archive({"func.py": ""})}
    refused("another language", lambda: create("bad", **source), 400, "InvalidParameter")
    bucket = models.CreateObjectStorageArchiveSourceDetails(bucket_name="b", namespace="n", object_name="o")
    source = {"runtime_config": python, "archive_source_details": bucket}
    refused("a bucket", lambda: create("bad", **source), 400, "InvalidParameter")

    broken = create("broken", runtime_config=python, archive_source_details=archive({"func.py": "import nothing_such"}))
    settled(broken.data.id)
    refused("broken code", lambda: invoke.invoke_function(broken.data.id), 502, "FunctionInvokeContainerInitFail")
    done(client.delete_function(broken.data.id), "DELETE_FUNCTION")
    unbuilt = archive({"func.py": "", "requirements.txt": "partita-no-such-package-at-all==1.0"})
    unbuilt = create("unbuilt", runtime_config=python, archive_source_details=unbuilt)
    check("what cannot be built", settled(unbuilt.data.id).lifecycle_state, "FAILED")
    requests = oci.functions.WorkRequestManagementClient(config(), service_endpoint=ENDPOINT)
    work_id = unbuilt.headers["opc-work-request-id"]
    check("its work request", requests.get_work_request(work_id).data.status, "FAILED")
    reason = requests.list_work_request_errors(work_id).data.items[0].message
    check("the reason", "partita-no-such-package-at-all" in reason, True)
    done(client.delete_function(unbuilt.data.id), "DELETE_FUNCTION")

    node = {
        "func.js": "const fdk = require('@fnproject/fdk');\n"
        "fdk.handle(input => ({ got: input, greeting: process.env.GREETING }));\n",
        "package.json": json.dumps({"name": "n", "dependencies": {"@fnproject/fdk": "0.0.76"}}),
    }
    runtime = models.CreateFunctionUpdateRuntimeConfig(functions_runtime_name="node20")
    node = create("node", runtime_config=runtime, archive_source_details=archive(node)).data
    check("Node.js", settled(node.id).lifecycle_state, "ACTIVE")
    told = invoke.invoke_function(node.id, invoke_function_body='{"a": 1}').data.json()
    check("what Node.js tells", told, {"got": {"a": 1}, "greeting": "new"})
    done(client.delete_function(node.id), "DELETE_FUNCTION")

    runtimes = client.list_functions_runtimes().data.items
    check("the runtimes", [runtime.name for runtime in runtimes], ["node", "python"])
    check("one of them", client.get_functions_runtime(runtimes[0].id).data.language, "NODE")
    version = runtimes[0].current_functions_runtime_version_id
    check("its version", client.get_functions_runtime_version(version).data.functions_runtime_id, runtimes[0].id)
    check("versions", len(client.list_functions_runtime_versions().data.items), 2)

check("pre-built functions", client.list_pbf_listings().data.items, [])
stream = models.StreamSuccessDestinationDetails(stream_id="s")
lost = models.UpdateFunctionDetails(success_destination=stream)
refused("where nothing is delivered", lambda: client.update_function(function.id, lost), 400, "InvalidParameter")

# What files say stays as it is
shop = client.list_applications(COMPARTMENT, display_name="shop").data[0]
toolbox = client.list_functions(shop.id, display_name="toolbox").data[0]
check("its id", toolbox.id, GIVEN["function"])
refused("a file's function", lambda: client.delete_function(toolbox.id), 409, "Conflict")
refused("a file's application", lambda: client.delete_application(shop.id), 409, "Conflict")

# Another function of the same name
other = models.CreateApplicationDetails(
    compartment_id=COMPARTMENT, display_name=APP + "-other", subnet_ids=[], config={"GREETING": "other"}
)
other = client.create_application(other).data
details.application_id = other.id
twin = settled(client.create_function(details).data.id)
named = invoke.invoke_function(f"{APP}-other.teller", invoke_function_body=body)
check("its name", named.status, 200)
client.delete_function(twin.id)

# Moving and deleting
moved = "ocid1.compartment.oc1..moved"
client.change_application_compartment(other.id, models.ChangeApplicationCompartmentDetails(compartment_id=moved))
check("where it is", client.get_application(other.id).data.compartment_id, moved)
client.delete_application(other.id)
done(client.delete_function(function.id), "DELETE_FUNCTION")
refused("what is gone", lambda: client.get_function(function.id), 404, "NotAuthorizedOrNotFound")
refused("a call of it", lambda: invoke.invoke_function(function.id), 404, "NotAuthorizedOrNotFound")
composite = oci.functions.FunctionsManagementClientCompositeOperations(client)
if NEW:
    done(client.delete_application(app.id), "DELETE_APPLICATION")
else:
    composite.delete_application_and_wait_for_state(app.id, wait_for_states=["DELETED"])
refused("the application", lambda: client.get_application(app.id), 404, "NotAuthorizedOrNotFound")
print("{}")
