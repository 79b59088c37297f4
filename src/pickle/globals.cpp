#include "pickle/node.h"

#include <algorithm>
#include <iterator>

namespace torchhub::pickle {
namespace {

struct Row {
  std::string_view module;
  std::string_view name;
  Global global;
};

constexpr Row kRows[] = {
    {"collections", "OrderedDict", Global::ordered_dict},
    {"collections", "Counter", Global::counter},
    {"__builtin__", "set", Global::set},  // protocol 2 keeps Python 2's name
    {"builtins", "set", Global::set},
    {"torch._utils", "_rebuild_tensor", Global::rebuild_tensor},
    {"torch._utils", "_rebuild_tensor_v2", Global::rebuild_tensor_v2},
    {"torch._utils", "_rebuild_tensor_v3", Global::rebuild_tensor_v3},
    {"torch._utils", "_rebuild_parameter", Global::rebuild_parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Global::rebuild_parameter_with_state},
    {"torch._tensor", "_rebuild_from_type_v2", Global::rebuild_from_type_v2},
    {"torch._tensor", "Tensor", Global::tensor_class},
    {"torch", "Tensor", Global::tensor_class},
    {"torch.nn.parameter", "Parameter", Global::parameter_class},
    {"torch", "Size", Global::size},
    {"torch", "device", Global::device},
    {"torch.storage", "UntypedStorage", Global::untyped_storage},
    {"torch", "UntypedStorage", Global::untyped_storage},
    {"_codecs", "encode", Global::encode},
    {"numpy._core.multiarray", "_reconstruct", Global::numpy_reconstruct},
    {"numpy.core.multiarray", "_reconstruct", Global::numpy_reconstruct},  // NumPy 1
    {"numpy._core.multiarray", "scalar", Global::numpy_scalar},
    {"numpy.core.multiarray", "scalar", Global::numpy_scalar},
    {"numpy", "ndarray", Global::numpy_array},
    {"numpy", "dtype", Global::numpy_dtype},
};

}  // namespace

std::optional<GlobalName> find_global(std::string_view module, std::string_view name) {
  if (module == "torch") {
    if (const auto type = find_storage_class(name)) return GlobalName{Global::storage_class, *type};
    if (const auto type = find_scalar_type(name)) return GlobalName{Global::dtype, *type};
  }
  const auto* found = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) {
    return row.module == module && row.name == name;
  });
  if (found == std::end(kRows)) return std::nullopt;
  return GlobalName{found->global};
}

}  // namespace torchhub::pickle
