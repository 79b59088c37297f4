#include "torchhub/xet/blake3.h"

#include "support/child_process.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "torchhub/base/atomic_file.h"
#include "xet/inputs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

namespace torchhub::testing {
namespace {

using nlohmann::json;
using xet::Blake3;

std::string hex(const Blake3::Output& output) {
  std::string out;
  for (const std::byte byte : output) out += fmt::format("{:02x}", std::to_integer<int>(byte));
  return out;
}

std::string counting_bytes(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i % 251);
  return out;
}

Blake3::Output hashed_in_steps(Blake3 blake, std::string_view message, std::size_t step) {
  for (; !message.empty(); message.remove_prefix(std::min(step, message.size()))) {
    blake.update(bytes_of(message.substr(0, step)));
  }
  return blake.output();
}

TEST(Blake3, GivesWhatB3sumGives) {
  const json vectors = json::parse(golden("xet/blake3.json"));
  Blake3::Key key;
  std::memcpy(key.data(), vectors.at("key").get<std::string>().data(), key.size());
  for (const json& test : vectors.at("cases")) {
    const std::string message = counting_bytes(test.at("length"));
    SCOPED_TRACE(message.size());
    for (const std::size_t step : {message.size() + 1, std::size_t{1000}, std::size_t{1024}}) {
      EXPECT_EQ(hex(hashed_in_steps(Blake3(), message, step)), test.at("hash").get<std::string>());
      EXPECT_EQ(hex(hashed_in_steps(Blake3(key), message, step)),
                test.at("keyed_hash").get<std::string>());
    }
  }
}

TEST(Blake3, DoesNotDependOnHowTheMessageComes) {
  const std::string message = splitmix64(7, 100'000);
  const Blake3::Output whole = hashed_in_steps(Blake3(), message, message.size());
  for (const std::size_t step : {1U, 63U, 64U, 65U, 1023U, 1025U, 7000U, 8192U, 8193U, 65536U}) {
    EXPECT_EQ(hashed_in_steps(Blake3(), message, step), whole) << step;
  }
}

TEST(Blake3, GoesOnAfterAnOutput) {
  const std::string message = splitmix64(8, 20'000);
  Blake3 blake;
  blake.update(bytes_of(message).first(9000));
  EXPECT_EQ(blake.output(), hashed_in_steps(Blake3(), message.substr(0, 9000), 9000));
  blake.update(bytes_of(message).subspan(9000));
  EXPECT_EQ(blake.output(), hashed_in_steps(Blake3(), message, 20'000));
}

TEST(Blake3, AgreesWithTheB3sumOfThisSystem) {
  if (run({"sh", "-c", "command -v b3sum"}).exit_code != 0) {
    GTEST_SKIP() << "needs Debian's package b3sum";
  }
  const TempDir folder;
  std::vector<std::string> command = {"b3sum", "--no-names"};
  std::string expected;
  for (const std::size_t size : {12'345U, 262'144U, 1'048'577U, 3'000'000U}) {
    const std::string message = splitmix64(size, size);
    write_file_atomically(folder / std::to_string(size), message);
    command.push_back((folder / std::to_string(size)).string());
    expected += hex(hashed_in_steps(Blake3(), message, 100'000)) + "\n";
  }
  EXPECT_EQ(run(command).output, expected);
}

}  // namespace
}  // namespace torchhub::testing
