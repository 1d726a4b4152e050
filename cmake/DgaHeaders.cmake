# SPDX-License-Identifier: Apache-2.0
#
# The public headers: those that cmake --install installs and that other projects may include.
#
# `needed by dga.h` is what the umbrella includes, directly or through others. `on purpose` is what programs use
# besides: docs/using_as_a_dependency.md says what for. tests/install/install_test.py compares both with the includes
# and the docs.

# dga_public_headers(TARGET FILE…): headers of TARGET, named from the root of the tree.
function(dga_public_headers target)
  list(TRANSFORM ARGN PREPEND "${PROJECT_SOURCE_DIR}/")
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${ARGN})
endfunction()

dga_public_headers(
  dga_core
  # needed by dga.h
  dga/base/dtype.h
  dga/base/error.h
  dga/base/fact.h
  dga/base/named_values.h
  dga/base/on_nonfinite.h
  dga/base/random.h
  dga/base/step_recorder.h
  dga/comm/collectives/fixed_tree.h
  dga/comm/communicator.h
  dga/comm/pending.h
  dga/comm/placement.h
  dga/comm/reduce_op.h
  dga/comm/shared_buffer.h
  dga/comm/worker_blocks.h
  dga/data/arrays.h
  dga/data/batches/prefetcher.h
  dga/data/batches/sampler.h
  dga/data/data_summary.h
  dga/data/dataset.h
  dga/data/image_size.h
  dga/data/load.h
  dga/data/normalisation.h
  dga/data/origins.h
  dga/data/samples.h
  dga/data/shards.h
  dga/data/table.h
  dga/data/sample_options.h
  dga/data/table_options.h
  dga/launch/environment.h
  dga/launch/launch.h
  dga/launch/launch_arguments.h
  dga/launch/launch_options.h
  dga/launch/worker_map.h
  dga/mesh/mesh.h
  dga/mesh/parameter_layout.h
  dga/options/engine.h
  dga/options/interval.h
  dga/options/progress.h
  dga/options/run_options.h
  dga/storage/columns.h
  dga/storage/model_card.h
  dga/storage/run_results.h
  # on purpose, and what these include
  dga/base/build_info.h
  dga/base/content_hash.h
  dga/base/log.h
  dga/comm/channel.h
  dga/data/split.h
  dga/data/subset.h
  dga/launch/stop_signal.h
  dga/storage/atomic_file.h
  dga/storage/byte_source.h
  dga/storage/safetensors.h
  dga/storage/store.h
  dga/storage/tensor_view.h
)

if(TARGET dga_train)
  dga_public_headers(
    dga_train
    # needed by dga.h
    dga/dga.h
    dga/models/model_factory.h
    dga/parallel/accumulator_state.h
    dga/parallel/autocast_scope.h
    dga/parallel/batches.h
    dga/parallel/grad_scaler.h
    dga/parallel/gradient_accumulator.h
    dga/parallel/owned_state.h
    dga/parallel/gradient_slice.h
    dga/parallel/joined_range.h
    dga/parallel/keyed_random_scope.h
    dga/parallel/lamb.h
    dga/parallel/learning_rate.h
    dga/parallel/muon.h
    dga/parallel/optimizer_factory.h
    dga/parallel/seeded_module.h
    dga/parallel/thread_generator.h
    dga/parallel/torch_dataset.h
    dga/predict/evaluation.h
    dga/predict/metric.h
    dga/predict/predictor.h
    dga/predict/saved_model.h
    dga/predict/weights.h
    dga/problem/problem.h
    dga/train/checkpoint_state.h
    dga/train/checkpointer.h
    dga/train/plan.h
    dga/train/train_extras.h
    dga/train/train_run.h
    # on purpose, and what these include
    dga/models/mlp.h
    dga/models/model.h
    dga/report/report.h
    dga/train/plain_functions.h
  )
endif()
