#!/bin/sh
# template.sh: writes the resource template of the factory from the files beside it to standard output, as template.json has it. Names that differ from
# one subscription to another, such as ACCOUNT, become parameters.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
cd -- "$here"

# kind FOLDER TYPE: the resources of a folder, each after those that it refers to.
kind() {
	jq -n --arg type "$2" --argjson after "$3" '
	def names: { ACCOUNT: "lakeAccount", LANDING: "landingAccount", VAULT: "vault", BATCH: "batchAccount", REGION: "region", WORKSPACE: "workspace",
		POOL: "pool", IDENTITY: "batchIdentity" };
	def value($name): if $name == "SUBSCRIPTION" then "subscription().subscriptionId" elif $name == "GROUP" then "resourceGroup().name"
		else "parameters(\u0027" + names[$name] + "\u0027)" end;
	def filled: if test("\\b(ACCOUNT|LANDING|VAULT|BATCH|REGION|WORKSPACE|POOL|IDENTITY|SUBSCRIPTION|GROUP)\\b") then
		"[concat(\u0027" + (gsub("\u0027"; "\u0027\u0027") | gsub("\\b(?<n>ACCOUNT|LANDING|VAULT|BATCH|REGION|WORKSPACE|POOL|IDENTITY|SUBSCRIPTION|GROUP)\\b";
			"\u0027, " + value(.n) + ", \u0027")) + "\u0027)]" | gsub("\u0027\u0027, "; "") | gsub(", \u0027\u0027\\)"; ")") else . end;
	[inputs | { name: "[concat(parameters(\u0027factory\u0027), \u0027/\(.name)\u0027)]", type: $type, apiVersion: "2018-06-01",
		properties: (.properties | walk(if type == "string" then filled else . end)), dependsOn: $after }]' "$1"/*.json
}

factory="[resourceId('Microsoft.DataFactory/factories', parameters('factory'))]"

# after FOLDER TYPE ...: what has to be there before.
after() {
	jq -n --arg f "$factory" '[$f]'
	while [ $# -gt 0 ]; do
		jq -n --arg type "$2" '[inputs | "[resourceId(\u0027\($type)\u0027, parameters(\u0027factory\u0027), \u0027\(.name)\u0027)]"]' "$1"/*.json
		shift 2
	done
}

# chain FOLDER TYPE FOLDER TYPE...: the kind, after the factory and the other kinds.
chain() {
	folder=$1 type=$2
	shift 2
	kind "$folder" "$type" "$(after "$@" | jq -s 'add')"
}

p=Microsoft.DataFactory/factories
{
	chain credential $p/credentials
	# A service that names another comes after it.
	chain linkedService $p/linkedservices credential $p/credentials | jq 'map(
		(.properties | [.. | objects | select(.type? == "LinkedServiceReference") | .referenceName]) as $names | .dependsOn += [$names[] |
			"[resourceId(\u0027Microsoft.DataFactory/factories/linkedservices\u0027, parameters(\u0027factory\u0027), \u0027\(.)\u0027)]"])'
	chain dataset $p/datasets linkedService $p/linkedservices
	chain pipeline $p/pipelines linkedService $p/linkedservices dataset $p/datasets
	chain trigger $p/triggers pipeline $p/pipelines
} | jq -s --arg factory "$factory" '{
	"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
	contentVersion: "1.0.0.0",
	parameters: ({ factory: "the factory", lakeAccount: "the storage account of the lake, with a hierarchical namespace", landingAccount: "the storage account where the back end leaves its files",
		vault: "the key vault with the secret batch-storage", batchAccount: "the Batch account", region: "its region", workspace: "the Synapse workspace",
		pool: "its dedicated pool", batchIdentity: "the user-assigned identity of the nodes" } | map_values({ type: "string", metadata: { description: . } })),
	resources: ([{ name: "[parameters(\u0027factory\u0027)]", type: "Microsoft.DataFactory/factories", apiVersion: "2018-06-01",
		location: "[resourceGroup().location]", identity: { type: "SystemAssigned,UserAssigned", userAssignedIdentities:
			{ "[resourceId(\u0027Microsoft.ManagedIdentity/userAssignedIdentities\u0027, parameters(\u0027batchIdentity\u0027))]": {} } }, properties: {} }] + add) }'
