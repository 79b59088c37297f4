#include "server/hub_client.h"
#include "server/raw_connection.h"
#include "server/served_hub.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace torchhub::testing {
namespace {

/// The most memory that a process has had so far, in MiB.
std::size_t peak_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    std::size_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes >> 10;
  }
  ADD_FAILURE() << "no VmHWM";
  return 0;
}

TEST(CommitMemory, ALineOfAGigabyteIsNeverHeld) {
  constexpr std::size_t kBody = std::size_t{1} << 30;
  const TempDir folder;
  ServedHub hub(folder / "data");
  ASSERT_TRUE(hub.start()) << hub.process().errors();
  HubClient client(hub.base_url(), hub.token());
  client.create_repo("m");
  const std::string commit = client.commit_file("demo/m", "a.txt", "1");
  const std::size_t before = peak_of(hub.process().id());

  RawConnection connection(hub.base_url());
  const std::string start =
      to_ndjson(CommitHeaderLine{"t"}) + R"({"key": "file", "value": {"path": "b", "content": ")";
  connection.send(
      "POST /api/models/demo/m/commit/main HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
      hub.token() + "\r\nContent-Length: " + std::to_string(kBody) + "\r\n\r\n" + start);
  const std::string piece(std::size_t{1} << 20, 'x');
  for (std::size_t sent = 0; sent < kBody - start.size() && connection.send(piece);
       sent += piece.size()) {
  }
  EXPECT_EQ(connection.read_answer().status.substr(0, 3), "413");
  EXPECT_LT(peak_of(hub.process().id()), before + 128)
      << "a line of 28 MiB may be held, and copied";
  EXPECT_EQ(client.get_json("/api/models/demo/m").at("sha"), commit);
}

}  // namespace
}  // namespace torchhub::testing
