# SPDX-License-Identifier: Apache-2.0
# Trains 100 hidden neurons on 30 workers with the handwritten digits of data/digits. Run it from the
# repository's folder after `make python`: .deps/python/bin/python examples/quickstart.py

import distributed_gradient_accumulator as dga
dataset = dga.Create(data_dir='data/digits', num_client_items=30)
factorization_problem = dga.Create(data_dir='data/digits', num_client_items=30,
                                   data_size=100, num_factorization_levels=1)
results = dga.DistributedGradientAccumulator.apply(factorization_problem)
print(dga.time.mean(), dga.error.mean())
dga.Close()
