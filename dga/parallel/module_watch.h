// SPDX-License-Identifier: Apache-2.0
//
// ModuleWatch: finds parameters that a program registers, removes or replaces while a module is
// trained.

#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace torch::nn {
class Module;
}

namespace dga {

/// torch tells nobody of such a change, and the new parameters would never be trained. Used by one
/// thread.
class ModuleWatch {
 public:
  /// Remembers the parameters that `module` has now. `module` must outlive this.
  explicit ModuleWatch(const torch::nn::Module& module);

  /// Throws InvalidArgument if the module has other parameters now. Submodules without parameters
  /// may come and go. Cheap while nothing changes: no allocation but a list of each module's
  /// children.
  void check();

 private:
  using Children = std::vector<std::shared_ptr<torch::nn::Module>>;
  /// One module of the tree. The tensors and children are kept alive, so that no new one gets the
  /// address of an old one.
  struct Part {
    std::shared_ptr<const torch::nn::Module> kept;
    const torch::nn::Module* module;
    Children children;
    std::vector<at::Tensor> parameters;
  };
  using Named = std::vector<std::pair<std::string, at::Tensor>>;

  void remember();
  void add_part(std::shared_ptr<const torch::nn::Module> kept, const torch::nn::Module& module);
  bool is_unchanged() const;
  static void compare(const Named& expected, const Named& found);

  const torch::nn::Module& module_;
  std::vector<Part> parts_;
  Named parameters_;
};

}  // namespace dga
