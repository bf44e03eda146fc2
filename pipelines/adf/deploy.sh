#!/bin/sh
# deploy.sh GROUP PARAMETERS [--yes]: deploys template.json into a resource group with the Azure CLI. PARAMETERS is a file of its parameters. Without --yes
# it only shows what would change. Triggers are deployed stopped: after a first run by hand, start one with the command that is printed.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

[ $# -eq 2 ] || { [ $# -eq 3 ] && [ "$3" = --yes ]; } || {
	echo 'usage: deploy.sh GROUP PARAMETERS [--yes]' >&2
	exit 64
}
command -v az >/dev/null || {
	echo 'deploy.sh: az, the Azure CLI, is not there' >&2
	exit 69
}
[ -e "$2" ] || {
	echo "deploy.sh: $2: not there; parameters.example.json is an example" >&2
	exit 66
}
az deployment group what-if --resource-group "$1" --template-file "$here/template.json" --parameters "@$2"
if [ "${3:-}" != --yes ]; then
	echo 'Nothing was deployed. Run it again with --yes to deploy this.'
	exit 0
fi
az deployment group create --resource-group "$1" --template-file "$here/template.json" --parameters "@$2"
echo 'Deployed. To start the nightly trigger:'
echo "  az datafactory trigger start --resource-group '$1' --factory-name FACTORY --name tr_daily"
