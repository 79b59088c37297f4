#include "torchhub/pickle/torch_file.h"

#include "pickle/describe.h"
#include "support/golden.h"
#include "support/memory_file.h"
#include "support/piece_log.h"
#include "support/small_disk.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "torchhub/base/error.h"
#include "torchhub/base/live_bytes.h"
#include "torchhub/base/sha256.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

namespace torchhub {
namespace {

using namespace pickle;
using nlohmann::ordered_json;
using testing::describe;

ordered_json golden_json(const std::string& name) {
  return ordered_json::parse(testing::golden(name));
}

Value load_golden(const std::string& name) { return load_torch_file(testing::golden_path(name)); }

std::string error_of(const std::filesystem::path& path) {
  try {
    load_torch_file(path);
  } catch (const PickleError& error) {
    const std::string text = error.what();
    const std::string head = "Cannot use '" + path.string() + "': ";
    const std::size_t end = text.find(". Nothing in it was run;");
    EXPECT_EQ(text.substr(0, head.size()), head);
    EXPECT_NE(end, std::string::npos) << text;
    return text.substr(head.size(), end - head.size());
  }
  ADD_FAILURE() << path << " was accepted";
  return "";
}

std::string golden_error(const std::string& name) {
  return error_of(testing::golden_path("pickle/" + name));
}

TEST(TorchFile, ReadsWhatPythonReadsFromEachGoldenFile) {
  const auto described = golden_json("pickle/described.json");
  for (const char* name : {"zip.bin", "legacy.bin", "zip-plain-dict.bin", "zip-nested.bin",
                           "tiny-bert-state.bin", "more.pt"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(describe(load_golden(std::string("pickle/") + name)), described.at(name));
  }
}

TEST(TorchFile, ReadsProtocolFour) {
  const Value new_form = load_golden("pickle/more-protocol4.pt");
  const Value old_form = load_golden("pickle/more.pt");
  for (const auto& [key, value] : new_form.dict().items) {
    SCOPED_TRACE(key.text());
    EXPECT_EQ(describe(value), describe(old_form.dict().at(key)));
  }
}

TEST(TorchFile, ReadsTheValuesThatTheIndexLists) {
  const auto index = golden_json("pickle/index.json");
  const Value state = load_golden("pickle/zip.bin");
  for (const auto& [name, expected] : index.at("bin").at("zip.bin").items()) {
    SCOPED_TRACE(name);
    const Tensor& tensor = state.dict().at(name).tensor();
    EXPECT_EQ(to_string(tensor.type), expected.at("dtype").get<std::string>());
    EXPECT_EQ(ordered_json(tensor.shape), expected.at("shape"));
    EXPECT_EQ(ordered_json(tensor.stride), expected.at("stride"));
    EXPECT_EQ(tensor.offset, expected.at("offset"));
  }
  EXPECT_EQ(state.dict().at("tied").tensor().storage, state.dict().at("w").tensor().storage);
}

TEST(TorchFile, ReadsAPythonTrainersCheckpoint) {
  const auto expected = golden_json("trainer/expected.json");
  for (const auto& [name, description] : expected.items()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(describe(load_golden("trainer/" + name)), description);
  }
}

TEST(TorchFile, GivesThePartsOfAPythonTrainersCheckpoint) {
  const Value optimizer = load_golden("trainer/optimizer.pt");
  const auto& groups = optimizer.dict().at("param_groups").items();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].dict().at("weight_decay").number(), 0.1);
  EXPECT_EQ(groups[0].dict().at("betas").items()[1].number(), 0.999);
  const auto& first = optimizer.dict().at("state").dict().at(0).dict();
  EXPECT_EQ(first.at("exp_avg").tensor().shape, (std::vector<std::int64_t>{4, 3}));

  const Value random = load_golden("trainer/rng_state.pth");
  EXPECT_EQ(random.dict().at("python").items()[1].items().size(), 625U);
  const auto& numpy = random.dict().at("numpy").items();
  ASSERT_TRUE(numpy[1].is<NumpyArray>());
  EXPECT_EQ(numpy[1].if_is<NumpyArray>()->integers().size(), 624U);
  EXPECT_EQ(random.dict().at("cpu").tensor().shape, std::vector<std::int64_t>{5056});
}

TEST(TorchFile, RefusesEachBrokenGoldenFileAndSaysWhy) {
  EXPECT_EQ(golden_error("bad-huge-shape.bin"),
            "a tensor reaches element 1270 of a storage with 12 (opcode 0x52 at byte 161 of the "
            "pickle)");
  EXPECT_EQ(golden_error("bad-missing-record.bin"), "the record of storage '0' is missing");
  EXPECT_EQ(golden_error("bad-short-record.bin"),
            "the record of storage '0' has 8 bytes, the pickle says 48");
  EXPECT_EQ(golden_error("bad-truncated-pickle.bin"),
            "a name does not end (opcode 0x63 at byte 127 of the pickle)");
  EXPECT_EQ(golden_error("bad-truncated-zip.bin"), "it has no zip directory; it may be cut short");
}

TEST(TorchFile, RefusesHostileGoldenFilesAndNamesWhatTheyWantedToRun) {
  EXPECT_EQ(golden_error("evil-zip.bin"),
            "the name 'posix.system' is not allowed (opcode 0x63 at byte 173 of the pickle)");
  EXPECT_EQ(golden_error("evil-raw.pkl"),
            "the name 'posix.system' is not allowed (opcode 0x63 at byte 2 of the pickle)");
  const auto index = golden_json("pickle/index.json");
  for (const auto& name : index.at("refuse")) golden_error(name);
}

TEST(TorchFile, GivesAnErrorForAFileCutAtAnyByte) {
  testing::MemoryFile file;
  for (const char* name : {"pickle/zip.bin", "pickle/legacy.bin", "trainer/scheduler.pt"}) {
    const std::string whole = testing::golden(name);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      file.set(whole.substr(0, size));
      EXPECT_THROW(load_torch_file(file.path()), PickleError) << name << " " << size;
    }
  }
}

TEST(TorchFile, SurvivesAnyChangedByte) {
  // Without the CRC, so that each change reaches the parsers.
  testing::MemoryFile file;
  for (const char* name : {"pickle/zip.bin", "pickle/legacy.bin", "trainer/scheduler.pt"}) {
    const std::string whole = testing::golden(name);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
      file.set(changed);
      try {
        describe(
            load_torch_file(file.path(), {.check_crc = false}));  // touches every tensor's bytes
      } catch (const PickleError&) {
      }
    }
  }
}

TEST(TorchFile, NoticesAChangedByteByItsChecksum) {
  const testing::TempDir dir;
  std::string file = testing::golden("pickle/zip.bin");
  const Value whole = load_golden("pickle/zip.bin");
  const auto bytes = whole.dict().at("f64").tensor().bytes();
  const std::size_t at =
      file.find(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  ASSERT_NE(at, std::string::npos);
  file[at + 6] ^= 1;
  write_file_atomically(dir / "m.bin", file);
  EXPECT_EQ(error_of(dir / "m.bin").substr(0, 46),
            "the bytes of its entry 'zip/data/8' were chang");
  EXPECT_NO_THROW(load_torch_file(dir / "m.bin", {.check_crc = false}));
}

TEST(TorchFile, ReadsBackWhatItWrote) {
  const testing::TempDir dir;
  for (const char* name :
       {"pickle/zip.bin", "pickle/legacy.bin", "pickle/zip-nested.bin",
        "pickle/tiny-bert-state.bin", "trainer/optimizer.pt", "trainer/scheduler.pt"}) {
    SCOPED_TRACE(name);
    const Value value = load_golden(name);
    save_torch_file(dir / "copy.pt", value);
    EXPECT_EQ(describe(load_torch_file(dir / "copy.pt")), describe(value));
  }
}

TEST(TorchFile, WritesOneStorageForTensorsThatShareIt) {
  const testing::TempDir dir;
  save_torch_file(dir / "copy.pt", load_golden("pickle/zip.bin"));
  const Value copy = load_torch_file(dir / "copy.pt");
  EXPECT_EQ(copy.dict().at("tied").tensor().storage, copy.dict().at("w").tensor().storage);
  EXPECT_NE(copy.dict().at("slice").tensor().storage, copy.dict().at("w").tensor().storage);
}

TEST(TorchFile, KeepsBytesAliveAsLongAsTheTree) {
  const testing::TempDir dir;
  std::filesystem::copy_file(testing::golden_path("pickle/zip.bin"), dir / "m.bin");
  Tensor tensor;
  {
    const Value state = load_torch_file(dir / "m.bin");
    tensor = state.dict().at("w").tensor();
  }
  std::filesystem::remove(dir / "m.bin");
  float last = 0;
  std::memcpy(&last, tensor.bytes().data() + 44, sizeof last);
  EXPECT_EQ(last, 11.0F);
}

TEST(TorchFile, NamesTheFolderInsideLikeTheFile) {
  const testing::TempDir dir;
  save_torch_file(dir / "rng_state.pth", Value(1));
  const std::string bytes = read_file(dir / "rng_state.pth");
  EXPECT_EQ(bytes.substr(30, 18), "rng_state/data.pkl");
}

TEST(TorchFile, WritesTheSameBytesForTheSameValues) {
  const testing::TempDir dir;
  save_torch_file(dir / "a" / "x.pt", load_golden("trainer/optimizer.pt"));
  save_torch_file(dir / "b" / "x.pt", load_golden("trainer/optimizer.pt"));
  EXPECT_EQ(read_file(dir / "a" / "x.pt"), read_file(dir / "b" / "x.pt"));
}

/// A state with a storage of several chunks that two tensors share, an empty and a small one.
struct LargeState {
  std::string large = std::string(3'000'001, 'l');
  std::string small = std::string(8, 's');
  std::vector<std::span<const std::byte>> borrowed = {std::as_bytes(std::span(large)),
                                                      std::as_bytes(std::span(small))};
  Value value = make_value();

  Value make_value() const {
    const Tensor tensor = make_tensor(ScalarType::uint8, {3'000'001}, borrowed[0]);
    return Dict{{{"large", tensor},
                 {"tied", tensor},
                 {"empty", make_tensor(ScalarType::float32, {0}, {})},
                 {"small", make_tensor(ScalarType::float32, {2}, borrowed[1])}}};
  }
};

TEST(TorchFile, AsksForEachBorrowedByteOnceAndInOrder) {
  const testing::TempDir dir;
  const LargeState state;
  testing::PieceLog asked;
  save_torch_file(dir / "asked" / "x.pt", state.value, {.bytes_now = asked.hook()});
  EXPECT_TRUE(asked.covers(state.borrowed));
  EXPECT_EQ(asked.largest(), 1U << 20);
  save_torch_file(dir / "plain" / "x.pt", state.value);
  EXPECT_TRUE(read_file(dir / "asked" / "x.pt") == read_file(dir / "plain" / "x.pt"));
}

TEST(TorchFile, GivesSizeAndDigestOfTheFile) {
  const testing::TempDir dir;
  const LargeState state;
  const WrittenFile written = save_torch_file(dir / "x.pt", state.value, {.sha256 = true});
  EXPECT_EQ(written.size, std::filesystem::file_size(dir / "x.pt"));
  EXPECT_EQ(written.sha256, sha256_hex_of_file(dir / "x.pt"));
  EXPECT_EQ(save_torch_file(dir / "y.pt", state.value).sha256, std::nullopt);
}

TEST(TorchFile, WritesStoragesAsTheyWereWhenTheyChangeMeanwhile) {
  const testing::TempDir dir;
  for (int pieces = 0; pieces <= 4; ++pieces) {
    SCOPED_TRACE(pieces);
    LargeState state;
    save_torch_file(dir / "before" / "x.pt", state.value);
    LiveBytes live;
    for (const auto& bytes : state.borrowed) live.add(bytes);
    int piece = 0;
    save_torch_file(dir / "x.pt", state.value, {.bytes_now = [&](std::span<const std::byte> bytes) {
                      if (piece++ == pieces) {
                        live.keep();
                        std::ranges::fill(state.large, '#');
                        std::ranges::fill(state.small, '#');
                      }
                      return live.read(bytes);
                    }});
    EXPECT_TRUE(read_file(dir / "x.pt") == read_file(dir / "before" / "x.pt"));
  }
}

TEST(TorchFile, LeavesTheOldFileWhenCancelled) {
  const testing::TempDir dir;
  const LargeState state;
  write_file_atomically(dir / "x.pt", "old");
  for (int pieces = 0; pieces <= 4; ++pieces) {
    SCOPED_TRACE(pieces);
    std::stop_source stop;
    int piece = 0;
    const auto hook = [&](std::span<const std::byte> bytes) {
      if (++piece == pieces) stop.request_stop();
      return bytes;
    };
    if (pieces == 0) stop.request_stop();
    EXPECT_THROW(
        save_torch_file(dir / "x.pt", state.value, {.stop = stop.get_token(), .bytes_now = hook}),
        CancelledError);
    EXPECT_EQ(piece, pieces) << "noticed with the next chunk";
    EXPECT_EQ(read_file(dir / "x.pt"), "old");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
  }
}

TEST(TorchFile, LeavesTheOldFileWhenAValueCannotBeWritten) {
  const testing::TempDir dir;
  write_file_atomically(dir / "x.pt", "old");
  EXPECT_THROW(save_torch_file(dir / "x.pt", Value(std::string("\xff"))), InvalidArgumentError);
  EXPECT_EQ(read_file(dir / "x.pt"), "old");
}

TEST(TorchFile, LeavesTheOldFileWhenTheDiskIsFull) {
  const testing::SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  write_file_atomically(disk / "x.pt", "old");
  const std::string data(1 << 20, 'x');
  const Tensor tensor = make_tensor(ScalarType::uint8, {1 << 20}, std::as_bytes(std::span(data)));
  EXPECT_THROW(save_torch_file(disk / "x.pt", tensor), DiskFullError);
  EXPECT_EQ(read_file(disk / "x.pt"), "old");
  std::filesystem::remove(disk / "x.pt");
  EXPECT_TRUE(std::filesystem::is_empty(disk.path()));
}

TEST(TorchFile, SaysWhatElseAFileIs) {
  const testing::TempDir dir;
  std::string tar(1024, '\0');
  tar.replace(257, 5, "ustar");
  write_file_atomically(dir / "x.tar", tar);
  EXPECT_EQ(error_of(dir / "x.tar"),
            "it is a tar archive of PyTorch before 0.1.10; convert it with an old PyTorch");
  write_file_atomically(dir / "x.txt", "hello");
  EXPECT_EQ(error_of(dir / "x.txt"),
            "it is not a file of torch.save (opcode 0x00 at byte 0 of the pickle)");
  write_file_atomically(dir / "empty", "");
  EXPECT_EQ(error_of(dir / "empty"), "it ends too early (opcode 0x00 at byte 0 of the pickle)");
  EXPECT_THROW(load_torch_file(dir / "missing"), FileError);
}

}  // namespace
}  // namespace torchhub
