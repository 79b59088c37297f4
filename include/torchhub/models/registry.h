#pragma once

#include <string>
#include <vector>

namespace torchhub {

/// How a class is registered.
struct RegisterOptions {
  bool exist_ok = false;  ///< Replace another class of the same name or config; else an error.
  std::string class_name = {};   ///< As the source spells it; unset: the type's own name.
  std::string source_file = {};  ///< Where it is defined; the macros put `__FILE__` here.
};

/// One line of what is registered, for messages and for shipping sources with the weights.
struct RegisteredClass {
  std::string auto_class = {};  ///< "AutoConfig", "AutoModelForImageClassification", ...
  std::string model_type = {};
  std::string class_name = {};
  std::string source_file = {};  ///< Empty if the registration did not say.
};

/// Everything registered so far, in the order of registration. Safe from several threads.
std::vector<RegisteredClass> registered_classes();

}  // namespace torchhub
