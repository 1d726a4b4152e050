# SPDX-License-Identifier: Apache-2.0
# Trains a network with 100 hidden neurons on the handwritten digits of data/digits, with 30 workers.
# Run `make python` first. Then run, in the root of the repository:
#     .deps/python/bin/python examples/quickstart.py

import distributed_gradient_accumulator as dga
dataset = dga.Create(data_dir='data/digits', num_client_items=30)
factorization_problem = dga.Create(data_dir='data/digits', num_client_items=30,
                                   data_size=100, num_factorization_levels=1)
results = dga.DistributedGradientAccumulator.apply(factorization_problem)
print(dga.time.mean(), dga.error.mean())
dga.Close()
