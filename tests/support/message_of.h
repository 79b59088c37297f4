#pragma once

#include <string>

namespace torchhub::testing {

/// What the Exception that `call` throws says; a sentence that no test expects if it throws none.
template <typename Exception, typename Function>
std::string message_of(Function&& call) {
  try {
    call();
  } catch (const Exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace torchhub::testing
