#include "server/kills/load.h"

#include "torchhub/http/transport.h"
#include "torchhub/wire/commit_lines.h"

#include <gtest/gtest.h>

namespace torchhub::testing {

std::string numbered(const char* word, int turn) { return word + std::to_string(turn); }

std::string bytes_of_turn(const char* word, int turn, std::size_t size) {
  std::string out = numbered(word, turn);
  for (int i = 0; out.size() < size; ++i) out += " " + std::to_string(turn + i);
  out.resize(size);
  return out;
}

void KillLoad::run(const HubClient& client) {
  try {
    while (!::testing::Test::HasFailure()) work(client, turn_++);
  } catch (const ConnectionError&) {
  }
}

std::vector<std::unique_ptr<KillLoad>> make_kill_loads(HubClient client) {
  for (const char* name : {"texts", "objects", "parts", "by-xet", "pushed", "requests", "original",
                           "moved-0", "changing", "rewritten"}) {
    client.create_repo(name);
  }
  const std::string bytes = "of the original";
  const std::string oid = client.upload("demo/original", bytes);
  client.commit("demo/original", to_ndjson(CommitLfsFileLine{"model.bin", oid, bytes.size()}));
  client.commit_file("demo/moved-0", "a.txt", "kept");
  std::vector<std::unique_ptr<KillLoad>> loads;
  for (const auto make :
       {make_commit_load, make_object_load, make_part_load, make_xet_load, make_push_load,
        make_pull_request_load, make_repository_load, make_ref_load, make_lock_load, make_move_load,
        make_setting_load, make_rewrite_load, make_read_load, make_read_load}) {
    loads.push_back(make());
  }
  return loads;
}

}  // namespace torchhub::testing
