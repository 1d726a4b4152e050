// SPDX-License-Identifier: Apache-2.0
//
// Weights: the parameters and buffers of a module, as a file and as a hash.

#pragma once

#include <cstdint>
#include <string>

namespace torch::nn {
class Module;
}

namespace dga {

class AtomicFile;

/// Writes the parameters and buffers of `module` to `path`, in safetensors format, under their
/// names in the module; a tensor with several names (tied weights) once, under the first. The file
/// appears whole or not at all, in the place of one that is there.
///
/// Not collective: one worker calls it, after synchronize_buffers where the module has buffers.
/// Throws StorageError when the disk does not take it; InvalidArgument for a tensor of a type that
/// dga does not know.
void save_weights(const std::string& path, const torch::nn::Module& module);
/// The same to a file that was opened before; commits it.
void save_weights(AtomicFile& file, const torch::nn::Module& module);

/// Fills `module` from a file that save_weights or Python's safetensors wrote. The file must have
/// exactly the tensors of the module, in their shapes and types; otherwise nothing is changed.
///
/// Not collective. Call it on every worker before a GradientAccumulator takes the module, or on
/// worker 0 alone: the accumulator gives its values to all. Throws StorageError, which names the
/// tensor, for a file that does not fit or cannot be read.
void load_weights(const std::string& path, torch::nn::Module& module);

/// Bytes of parameters and buffers together.
std::int64_t weight_bytes(const torch::nn::Module& module);

/// SHA-256 of the parameters in registration order, each once, as dense row-major little-endian
/// bytes without padding. Buffers are not part of it.
std::string weights_sha256(const torch::nn::Module& module);

}  // namespace dga
