"""Runs the pipeline in Microsoft's evaluator of expressions, data-factory-testing-framework: evaluate.py FOLDER OUTPUTS.

OUTPUTS is an outputs.json that acct-adf wrote. Each way through the pipeline is compared with the activities and values that are expected.
"""
import json
import os
import sys

import dotnetcore2

os.environ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
os.environ["DOTNET_ROOT"] = os.path.join(os.path.dirname(dotnetcore2.__file__), "bin")

from data_factory_testing_framework import TestFramework, TestFrameworkType  # noqa: E402
from data_factory_testing_framework.exceptions import NoRemainingPipelineActivitiesMeetDependencyConditionsError  # noqa: E402
from data_factory_testing_framework.state import DependencyCondition, RunParameter, RunParameterType  # noqa: E402

FAILED = DependencyCondition.FAILED


def plain(x):
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list):
        return [plain(v) for v in x]
    return plain(x.result) if hasattr(x, "result") and hasattr(x, "expression") else x


def run(framework, outputs, failing=None, at=0):
    """The activities in their order, with their evaluated properties; `failing` fails the at-th time."""
    pipeline = framework.get_pipeline_by_name("bank_daily")
    parameters = [RunParameter(RunParameterType.System, "RunId", "8d5c"), RunParameter(RunParameterType.Pipeline, "folder", "2026-01-31")]
    seen = []
    try:
        for a in framework.evaluate_pipeline(pipeline, parameters):
            seen.append((a.name, plain(a.type_properties), plain(getattr(a, "inputs", None))))
            if a.name == "RunJob" and failing != "RunJob":
                a.set_result(DependencyCondition.SUCCEEDED, {"customOutput": outputs, "exitcode": 0})
            elif a.name == failing:
                if at == 0:
                    a.set_result(FAILED, {})
                at -= 1
    except NoRemainingPipelineActivitiesMeetDependencyConditionsError:
        pass		# activities for a failure that did not come
    return seen


def same(what, got, want):
    if got != want:
        sys.exit("%s:\n%s\nis not\n%s" % (what, json.dumps(got, indent=1, default=str)[:3000], json.dumps(want, indent=1, default=str)[:3000]))


def main():
    framework = TestFramework(TestFrameworkType.DataFactory, root_folder_path=sys.argv[1])
    outputs = json.load(open(sys.argv[2], encoding="utf-8"))
    batches = outputs["batches"]
    loads = ["LoadBatch"] * len(batches)

    seen = run(framework, {**outputs, "rows": {"read": 5, "clean": 5, "rejected": 0}})
    same("success", [s[0] for s in seen], ["CopyBackEnd", "RunJob"] + loads)
    job = seen[1][1]
    same("extendedProperties", job["extendedProperties"], {
        "runId": "8d5c", "backend": "abfss://backend@ACCOUNT.dfs.core.windows.net/2026-01-31", "lake": "abfss://lake@ACCOUNT.dfs.core.windows.net/bank",
        "job": "", "accept": "", "warehouse": "synapse", "warehouseSchema": "gold", "ACCT_IDENTITY": "managed"})
    same("batches", [s[1]["scripts"][0]["text"] for s in seen if s[0] == "LoadBatch"], batches)

    seen = run(framework, outputs)
    same("rejects", [s[0] for s in seen], ["CopyBackEnd", "RunJob"] + loads + ["SayRejects"])
    same("notice", seen[-1][1]["value"], "%d rows were rejected; %s" % (outputs["rows"]["rejected"], outputs["address"]))

    seen = run(framework, outputs, failing="RunJob")
    same("the job fails: a limit is passed, a file is missing", [s[0] for s in seen], ["CopyBackEnd", "RunJob", "RunFailed"])
    same("its code", seen[-1][1]["errorCode"], "JOB")
    same("its message", seen[-1][1]["message"].endswith("Pipeline run: 8d5c"), True)

    seen = run(framework, outputs, failing="CopyBackEnd")
    same("the copy fails", [s[0] for s in seen], ["CopyBackEnd"])

    load = framework.get_pipeline_by_name("bank_daily").get_activity_by_name("LoadFailed")
    same("a load that fails", [(d.activity, [str(c).split(".")[-1].lower() for c in d.dependency_conditions]) for d in load.depends_on], [("LoadGold", ["failed"])])


main()
