"""Checks the resources of a factory: against Microsoft's schema, and by a lint for what that schema lets pass.

factory.py check FOLDER SCHEMAS      FOLDER as pipelines/adf, SCHEMAS has Microsoft.DataFactory.json; prints what is wrong, and ends with 1 then
factory.py break FOLDER SCHEMAS      makes each mistake of BREAKS in turn: each must be found, and by the lint or the schema that is named
"""
import copy
import json
import os
import re
import sys

import jsonschema

KINDS = {"pipeline": "Pipeline", "dataset": "Dataset", "linkedService": "LinkedService", "trigger": "Trigger", "credential": "Credential"}
REFERENCES = {"LinkedServiceReference": "linkedService", "DatasetReference": "dataset", "PipelineReference": "pipeline", "CredentialReference": "credential"}
EXPRESSION = "https://schema.management.azure.com/schemas/common/definitions.json#/definitions/expression"
INTEGERS = {"retry", "retryIntervalInSeconds", "batchCount", "concurrency", "interval", "retentionTimeInDays"}
BOOLEANS = {"isSequential", "ignoreEmptyBlobs", "secureInput", "secureOutput", "recursive", "validateDataConsistency", "trustServerCertificate"}


class Schema:
    def __init__(self, folder):
        text = open(folder + "/Microsoft.DataFactory.json", encoding="utf-8").read().replace(EXPRESSION, "#/definitions/__expression")
        self.definitions = json.loads(text)["definitions"]
        self.definitions["__expression"] = {"type": "string", "pattern": r"^\[.*\]$"}

    def validator(self, schema):
        return jsonschema.Draft4Validator({**schema, "definitions": self.definitions})

    def errors(self, kind, properties):
        return [e.message[:200] for e in self.validator({"$ref": "#/definitions/" + kind}).iter_errors(properties)]

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def unknown(self, schema, value, path):
        """Keys that no branch of the schema knows: it takes any, and a misspelled one has no effect."""
        branches = self.branches(schema, value)
        if isinstance(value, list):
            for s in branches:
                for n, v in enumerate(value):
                    if isinstance(s.get("items"), dict):
                        yield from self.unknown(s["items"], v, "%s[%d]" % (path, n))
            return
        known = {}
        for s in branches:
            known.update(s.get("properties", {}))
        if not isinstance(value, dict) or not known or set(value) == {"value", "type"}:
            return
        for k, v in value.items():
            if k in known:
                yield from self.unknown(known[k], v, path + "." + k)
            else:
                yield "unknown key: %s.%s" % (path, k)

    def branches(self, schema, value):
        schema = self.resolve(schema)
        out = [schema]
        for one in schema.get("oneOf", []):
            if self.resolve(one) is not self.definitions["__expression"] and self.validator(one).is_valid(value):
                out += self.branches(one, value)
        return out


def walk(value, path=""):
    yield path, value
    for k, v in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []:
        yield from walk(v, "%s.%s" % (path, k))


class Lint:
    def __init__(self, factory):
        self.factory, self.found = factory, []

    def say(self, where, text):
        self.found.append("%s: %s" % (where, text))

    def run(self):
        for (kind, name), r in self.factory.items():
            where = kind + "/" + name
            if r["name"] != name:
                self.say(where, "file and name differ: " + r["name"])
            for path, v in walk(r["properties"]):
                self.value(where, path, v)
            if kind == "pipeline":
                self.pipeline(where, r["properties"])
            if kind == "trigger":
                self.trigger(where, r["properties"])
            if kind == "dataset":
                self.names(where, r["properties"], "dataset()", r["properties"].get("parameters", {}))
        return self.found

    def value(self, where, path, v):
        key = path.rsplit(".", 1)[-1]
        if key in INTEGERS and not (isinstance(v, int) and not isinstance(v, bool)):
            self.say(where, "%s: must be a number: %r" % (path, v))
        if key in BOOLEANS and not isinstance(v, bool):
            self.say(where, "%s: must be true or false: %r" % (path, v))
        if isinstance(v, dict):
            self.reference(where, path, v)
            if v.get("type") == "SecureString":
                self.say(where, "%s: a secret in clear text" % path)
        if isinstance(v, str):
            if re.search(r"AccountKey=|SharedAccessSignature|sig=|Password=", v):
                self.say(where, "%s: a secret in clear text" % path)
            if v.startswith("@") and not v.startswith("@@"):
                self.expression(where, path, v)

    def reference(self, where, path, v):
        kind = REFERENCES.get(v.get("type"))
        if kind is None or "referenceName" not in v:
            return
        target = self.factory.get((kind, v["referenceName"]))
        if target is None:
            self.say(where, "%s: no %s %s" % (path, kind, v["referenceName"]))
            return
        wanted = target["properties"].get("parameters", {})
        given = v.get("parameters", {})
        if kind == "dataset" and (set(given) - set(wanted) or {w for w in wanted if "defaultValue" not in wanted[w]} - set(given)):
            self.say(where, "%s: parameters of %s are %s" % (path, v["referenceName"], sorted(wanted)))

    def expression(self, where, path, text):
        outside = re.sub(r"'(?:[^']|'')*'", "", text)
        if "'" in outside or outside.count("(") != outside.count(")") or len(text) > 8192:
            self.say(where, "%s: malformed expression: %s" % (path, text))

    def names(self, where, properties, owner, known):
        pattern = re.escape(owner) + r"\.(?:parameters\.)?(\w+)"
        for path, v in walk(properties):
            for name in re.findall(pattern, v) if isinstance(v, str) and v.startswith("@") else []:
                if name not in known and not (owner == "pipeline()" and name in ("RunId", "Pipeline", "TriggerTime", "parameters")):
                    self.say(where, "%s: no parameter %s" % (path, name))

    # ---- pipelines ----

    def pipeline(self, where, p):
        self.names(where, p, "pipeline()", p.get("parameters", {}))
        if len(p.get("parameters", {})) > 50 or sum(1 for _ in self.activities(p["activities"])) > 40:
            self.say(where, "more than 50 parameters or 40 activities")
        names = [a["name"] for a in self.activities(p["activities"])]
        for n in names:
            if names.count(n) > 1:
                self.say(where, "two activities %s" % n)
        for a in self.activities(p["activities"]):
            if a["type"] in ("SetVariable", "AppendVariable") and a["typeProperties"].get("variableName") not in p.get("variables", {}):
                self.say(where, "%s: no variable %s" % (a["name"], a["typeProperties"].get("variableName")))
        self.scope(where, p["activities"], set())
        self.failures(where, p["activities"])

    def activities(self, some):
        for a in some:
            yield a
            for inner in self.inner(a):
                yield from self.activities(inner)

    def inner(self, a):
        t = a.get("typeProperties", {})
        return [t[k] for k in ("activities", "ifTrueActivities", "ifFalseActivities") if k in t]

    def scope(self, where, some, outer):
        """outer: activities that are over when these begin. What an expression asks must be among them or those before it."""
        byname = {a["name"]: a for a in some}
        for a in some:
            before, again = set(), False
            todo = [d["activity"] for d in a.get("dependsOn", [])]
            while todo:
                n = todo.pop()
                if n not in byname:
                    self.say(where, "%s: depends on %s, which is not there" % (a["name"], n))
                elif n not in before:
                    before.add(n)
                    todo += [d["activity"] for d in byname[n].get("dependsOn", [])]
                again |= n == a["name"]
            if again:
                self.say(where, "%s: depends on itself" % a["name"])
                continue
            own = dict(a, typeProperties={k: v for k, v in a.get("typeProperties", {}).items() if k not in ("activities", "ifTrueActivities", "ifFalseActivities")})
            for path, v in walk(own):
                for name in re.findall(r"activity\('([^']*)'\)", v) if isinstance(v, str) and v.startswith("@") else []:
                    if name not in before | outer:
                        self.say(where, "%s%s: asks %s, which is not over by then" % (a["name"], path, name))
            for inner in self.inner(a):
                self.scope(where, inner, outer | before)

    def failures(self, where, some):
        """What runs the job or its SQL has an activity for its failure."""
        handled = {d["activity"] for a in some for d in a.get("dependsOn", []) if d["dependencyConditions"] == ["Failed"]}
        for a in some:
            kinds = {x["type"] for x in self.activities([a])}
            if kinds & {"Custom", "Script"} and a["name"] not in handled:
                self.say(where, "%s: no activity for its failure" % a["name"])

    # ---- triggers ----

    def trigger(self, where, p):
        t = p["typeProperties"]
        if p["type"] == "BlobEventsTrigger":
            if not re.match(r"^/[a-z0-9-]+/blobs/", t.get("blobPathBeginsWith", "")):
                self.say(where, "blobPathBeginsWith must be /CONTAINER/blobs/...")
            if "blobPathEndsWith" not in t:
                self.say(where, "no marker: it would start once per file")
            if t.get("ignoreEmptyBlobs") is not True:
                self.say(where, "ignoreEmptyBlobs must be true: a marker is not empty")
        for one in p.get("pipelines", []):
            target = self.factory.get(("pipeline", one["pipelineReference"]["referenceName"]))
            for name in one.get("parameters", {}):
                if target is not None and name not in target["properties"].get("parameters", {}):
                    self.say(where, "no parameter %s of the pipeline" % name)


def load(folder):
    out = {}
    for kind in KINDS:
        for name in sorted(os.listdir(os.path.join(folder, kind))):
            with open(os.path.join(folder, kind, name), encoding="utf-8") as f:
                out[kind, name[:-5]] = json.load(f)
    return out


def check(factory, schema):
    found = []
    for (kind, name), r in factory.items():
        found += ["schema: %s/%s: %s" % (kind, name, e) for e in schema.errors(KINDS[kind], r["properties"])]
        found += ["lint: %s/%s: %s" % (kind, name, u) for u in schema.unknown({"$ref": "#/definitions/" + KINDS[kind]}, r["properties"], "properties")]
        found += ["lint: %s/%s: unknown key: %s" % (kind, name, k) for k in set(r) - {"name", "properties"}]
    return found + ["lint: " + x for x in Lint(factory).run()]


def template(folder, schema):
    """Each resource of the template against the schema of its kind."""
    text = json.load(open(folder + "/template.json", encoding="utf-8"))
    kinds = {"credentials": "Credential", "linkedservices": "LinkedService", "datasets": "Dataset", "pipelines": "Pipeline", "triggers": "Trigger", "factories": "FactoryProperties"}
    names = {r["name"] for r in text["resources"]}
    found = []
    for r in text["resources"]:
        found += ["template: %s: %s" % (r["name"], e) for e in schema.errors(kinds[r["type"].rsplit("/", 1)[1]], r["properties"])]
        for d in r.get("dependsOn", []):
            m = re.fullmatch(r"\[resourceId\('Microsoft\.DataFactory/factories(?:/\w+)?', parameters\('factory'\)(?:, '(\w+)')?\)\]", d)
            name = "[parameters('factory')]" if m and m.group(1) is None else m and "[concat(parameters('factory'), '/%s')]" % m.group(1)
            if name not in names:
                found.append("template: %s: depends on %s, which is not there" % (r["name"], d))
    used = set(re.findall(r"parameters\('(\w+)'\)", json.dumps(text["resources"])))
    if used != set(text["parameters"]):
        found.append("template: parameters: %s" % sorted(used ^ set(text["parameters"])))
    return found


P, RUN, LOAD, COPY = ("pipeline", "bank_daily"), 1, 2, 0


def at(resource, *path):
    for p in path[:-1]:
        resource = resource[p]
    return resource, path[-1]


# Where, what to put there (a function of what is there, or a value), and which of the two finds it.
BREAKS = [
    (P, ("properties", "activities", RUN, "typeProperties", "command"), None, "schema"), (P, ("properties", "activities", COPY, "typeProperties", "sink"), None, "schema"),
    (P, ("properties", "activities", RUN, "type"), "Custm", "schema"), (P, ("properties", "activities", LOAD, "dependsOn", 0, "dependencyConditions"), ["Sucess"], "schema"),
    (P, ("properties", "activities", RUN, "policy", "retryIntervalInSeconds"), 5, "schema"), (P, ("properties", "activities", COPY, "typeProperties", "source", "type"), "BinarySrc", "schema"),
    (("trigger", "tr_daily"), ("properties", "type"), "SheduleTrigger", "schema"), (("linkedService", "ls_batch"), ("properties", "typeProperties", "poolName"), None, "schema"),
    (P, ("properties", "activities", RUN, "typeProperties", "comand"), "x", "lint"), (P, ("properties", "activities", RUN, "polcy"), {}, "lint"),
    (P, ("properties", "activities", COPY, "typeProperties", "source", "storeSettings", "recursiv"), False, "lint"), (P, ("properties", "concurency"), 1, "lint"),
    (("trigger", "tr_ready"), ("properties", "typeProperties", "blobPathBeginWith"), "/x", "lint"), (P, ("properties", "activities", RUN, "policy", "retry"), "2", "lint"),
    (P, ("properties", "activities", LOAD, "typeProperties", "isSequential"), "true", "lint"), (P, ("properties", "activities", RUN, "linkedServiceName", "referenceName"), "ls_bach", "lint"),
    (P, ("properties", "activities", COPY, "inputs", 0, "referenceName"), "ds_nix", "lint"), (P, ("properties", "activities", COPY, "inputs", 0, "parameters"), {"foldr": "x"}, "lint"),
    (P, ("properties", "activities", LOAD, "dependsOn", 0, "activity"), "RunJb", "lint"), (P, ("properties", "activities", RUN, "dependsOn", 0, "activity"), "LoadGold", "lint"),
    (P, ("properties", "activities", LOAD, "typeProperties", "items", "value"), "@activity('Nix').output.customOutput.batches", "lint"),
    (P, ("properties", "activities", LOAD, "dependsOn"), [], "lint"), (P, ("properties", "activities", LOAD, "typeProperties", "items", "value"), "@activity('RunJob'.output", "lint"),
    (P, ("properties", "activities", RUN, "typeProperties", "extendedProperties", "lake", "value"), "@pipeline().parameters.lak", "lint"),
    (P, ("properties", "variables"), {}, "lint"), (P, ("properties", "activities", 5, "dependsOn", 0, "dependencyConditions"), ["Succeeded"], "lint"),
    (P, ("properties", "activities", RUN, "typeProperties", "extendedProperties", "AZURE_STORAGE_KEY"), {"type": "SecureString", "value": "x"}, "lint"),
    (("linkedService", "ls_batch_storage"), ("properties", "typeProperties", "connectionString"), "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=y", "lint"),
    (("trigger", "tr_ready"), ("properties", "typeProperties", "ignoreEmptyBlobs"), False, "lint"), (("trigger", "tr_ready"), ("properties", "typeProperties", "blobPathEndsWith"), None, "lint"),
    (("trigger", "tr_ready"), ("properties", "typeProperties", "blobPathBeginsWith"), "/landing/daily/", "lint"),
    (("trigger", "tr_daily"), ("properties", "pipelines", 0, "parameters"), {"foldr": "x"}, "lint"),
    (("trigger", "tr_daily"), ("properties", "pipelines", 0, "pipelineReference", "referenceName"), "bank", "lint"), (("dataset", "ds_backend"), ("properties", "parameters"), {}, "lint"),
]


def broken(factory, schema):
    missed = 0
    for which, path, value, by in BREAKS:
        wrong = copy.deepcopy(factory)
        where, key = at(wrong[which], *path)
        if value is None:
            del where[key]
        else:
            where[key] = value
        found = check(wrong, schema)
        if not any(f.startswith(by) for f in found):
            missed += 1
            print("not found by the %s: %s %s = %r: %s" % (by, which[1], path, value, found))
    print("%d mistakes, %d not found" % (len(BREAKS), missed), file=sys.stderr)
    return missed


def main():
    factory, schema = load(sys.argv[2]), Schema(sys.argv[3])
    if sys.argv[1] == "break":
        return broken(factory, schema)
    found = check(factory, schema) + template(sys.argv[2], schema)
    print("\n".join(found))
    return len(found)


sys.exit(1 if main() else 0)
