// CSV, JSONL and text files: what opens can be read to the end.

#include "support/memory_file.h"
#include "torchhub/data/csv.h"
#include "torchhub/data/error.h"
#include "torchhub/data/jsonl.h"
#include "torchhub/data/text.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string_view>

namespace {

using namespace torchhub;
using Open = std::function<std::shared_ptr<const RecordFile>()>;

void check(bool holds) {
  if (!holds) std::abort();
}

/// @param all_readable opening has read every record already
void read(const Open& open, bool all_readable) {
  std::shared_ptr<const RecordFile> file;
  try {
    file = open();
  } catch (const DatasetError&) {
    return;
  }
  for (std::int64_t i = file->size(); i-- > 0;) {
    try {
      check(file->get(i).is_object());
    } catch (const DatasetError&) {
      check(!all_readable);
    }
  }
  if (file->size() > 0) check(!file->where(file->size() - 1).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static testing::MemoryFile file;
  file.set({reinterpret_cast<const char*>(data), size});
  const auto path = file.path();
  read([&] { return read_csv(path); }, true);
  read([&] { return read_csv(path, {.delimiter = ';', .column_names = {"a", "b"}}); }, true);
  read([&] { return read_jsonl(path); }, false);
  for (const SampleBy kind : {SampleBy::line, SampleBy::paragraph, SampleBy::document}) {
    read([&] { return read_text(path, kind); }, true);
  }
  return 0;
}
