"""What Microsoft's own client, azure-storage-blob, does with the same container: sdk.py VERB NAME [FILE] [-- VERB NAME [FILE]] ...

put, new (only if the name is free) and get take a FILE; head, ls, rm and lease do not. Prints what it finds; for a refusal the code.
"""
import os, sys
from itertools import groupby
from azure.core.exceptions import AzureError
from azure.storage.blob import ContainerClient

lake = ContainerClient(os.environ.get("SDK_URL") or "https://127.0.0.1:%s/acct" % os.environ["AZURITE_PORT"], "lake", connection_verify=os.environ["SSL_CERT_FILE"],
                       credential={"account_name": "acct", "account_key": os.environ["AZURE_STORAGE_KEY"]},
                       max_single_put_size=4 << 20, max_block_size=4 << 20)


def do(verb, name, file=None):
    blob = lake.get_blob_client(name)
    if verb in ("put", "new"):
        with open(file, "rb") as data:
            blob.upload_blob(data.read(), overwrite=verb == "put")
    elif verb == "get":
        with open(file, "wb") as data:
            data.write(blob.download_blob(max_concurrency=4).readall())
    elif verb == "head":
        p = blob.get_blob_properties()
        print(p.size, p.content_settings.content_type, p.blob_type)
    elif verb == "ls":
        for item in sorted(item.name for item in lake.walk_blobs(name + "/")):
            print(item[len(name) + 1:])
    elif verb == "rm":
        blob.delete_blob()
    elif verb == "lease":
        blob.acquire_lease(15)


for ends, words in groupby(sys.argv[1:], lambda word: word == "--"):
    if not ends:
        try:
            do(*words)
        except AzureError as error:
            code = getattr(error, "error_code", "no code")
            print(getattr(code, "value", code))
