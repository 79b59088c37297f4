#pragma once

#include "torchhub/training/state.h"

#include <string>

namespace torchhub {

/// A log as Python prints it: `{'loss': '0.6931', 'epoch': '1', 'note': "don't"}`, floats as texts
/// of four significant digits, total_flos left out (transformers 5.12 PrinterCallback).
std::string python_dict(const LogRow& logs);

}  // namespace torchhub
