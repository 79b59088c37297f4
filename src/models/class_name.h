#pragma once

#include <string>
#include <typeinfo>

namespace torchhub {

/// "ResnetConfig" for `my::ResnetConfig`: the name as Python would write it.
std::string class_name_of(const std::type_info& type);

}  // namespace torchhub
