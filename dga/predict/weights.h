// SPDX-License-Identifier: Apache-2.0
//
// Weights: the parameters and buffers of a module, as a file and as a hash.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace torch::nn {
class Module;
}

namespace dga {

class AtomicFile;
class ByteSource;

/// Writes the parameters and buffers of `module` to `path`, in safetensors format, under their
/// names in the module. A tensor with several names (tied weights) is written once, under its first
/// name. Replaces an existing file atomically.
///
/// Not collective: one worker calls it, after synchronize_buffers if the module has buffers. Throws
/// StorageError if writing fails, InvalidArgument for a tensor of a type that dga does not support.
void save_weights(const std::string& path, const torch::nn::Module& module);
/// The same to a file that was opened before; commits it.
void save_weights(AtomicFile& file, const torch::nn::Module& module);

/// Loads the tensors of `module` from a file that save_weights or Python's safetensors wrote. The
/// file must contain exactly the tensors of the module, with their shapes and types; otherwise
/// nothing is changed.
///
/// Not collective. Call it on every worker before a GradientAccumulator takes the module, or on
/// worker 0 only: the accumulator broadcasts its values. Throws StorageError, which names the
/// tensor, for a file that does not fit or cannot be read.
void load_weights(const std::string& path, torch::nn::Module& module);
/// The same from a file that is open.
void load_weights(std::shared_ptr<const ByteSource> file, torch::nn::Module& module);

/// Total size of parameters and buffers, in bytes.
std::int64_t weight_bytes(const torch::nn::Module& module);

/// SHA-256 of the parameters in registration order, each once, as dense row-major little-endian
/// bytes without padding. Buffers are not part of it.
std::string weights_sha256(const torch::nn::Module& module);

}  // namespace dga
