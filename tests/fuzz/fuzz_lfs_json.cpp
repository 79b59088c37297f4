// The JSON bodies of LFS: batch, verify, locks, and the completion of an upload in parts. The first
// line says which; the rest is the body. Whatever it holds, the answer is one that git-lfs's
// schemas allow, and the same however the body is cut or packed.

#include "fuzz/pieces.h"
#include "fuzz/small_hub.h"
#include "server/api/dispatcher.h"
#include "server/lfs_schema.h"
#include "support/gzip.h"
#include "torchhub/wire/commit_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace torchhub;
using namespace torchhub::server;
using nlohmann::json;

void check(bool holds) {
  if (!holds) std::abort();
}

/// A hub with one file locked, and an upload in two parts of which the second is missing.
struct LfsHub : testing::SmallHub {
  LfsHub() {
    const auto part = state.multipart.begin_part(repo.id, in_parts, kChunk, 1);
    part->write(std::as_bytes(std::span(std::string_view("hell"))));
    state.multipart.finish_part(repo.id, in_parts, 1, *part);
    put_locks_back();
  }

  void put_locks_back() {
    for (const PathLock& lock : state.locks.list(repo.id, {}).locks) {
      if (lock.id == kept) continue;
      state.locks.remove(lock);
    }
    if (state.locks.find(repo.id, kept)) return;
    kept = state.locks.create(repo.id, "kept.bin", ana).value().id;
  }

  /// Where requests of this kind go; empty for an unknown one.
  std::string target(std::string_view kind) const {
    const std::string lfs = "/ana/m.git/info/lfs";
    if (kind == "batch") return lfs + "/objects/batch";
    if (kind == "verify") return lfs + "/verify";
    if (kind == "lock") return lfs + "/locks";
    if (kind == "locks") return lfs + "/locks/verify";
    if (kind == "unlock") return fmt::format("{}/locks/{}/unlock", lfs, kept);
    if (kind == "verify-link") return state.signer.link({LinkUse::verify, repo.id, object});
    if (kind == "complete") return complete_link(in_parts);
    return kind == "complete-empty" ? complete_link({sha256_hex(""), 0}) : "";
  }

  std::string complete_link(const LfsPointer& of) const {
    return state.signer.link({LinkUse::complete, repo.id, of, kChunk});
  }

  static constexpr std::uint64_t kChunk = 4;
  LfsPointer in_parts{sha256_hex("hell-o"), 6};
  std::string kept = {};
  Dispatcher dispatcher{state};
};

LfsHub& hub() {
  static LfsHub made;
  return made;
}

struct Said {
  int status = 0;
  json body = {};
  bool operator==(const Said&) const = default;
};

HttpResponse respond(HttpRequest& request, std::span<const std::byte> body, std::size_t piece) {
  Answer answer = hub().dispatcher.begin(request);
  if (auto* early = std::get_if<HttpResponse>(&answer)) return std::move(*early);
  try {
    auto& consumer = *std::get<std::unique_ptr<BodyConsumer>>(answer);
    testing::take_in_pieces(consumer, body, piece);
    return consumer.finish();
  } catch (const std::exception& error) {
    return hub().dispatcher.failed(request, error);
  }
}

/// @param encoding of the body; empty for none
Said ask(std::string_view kind, std::string_view body, std::size_t piece,
         const std::string& encoding = "") {
  HttpRequest request{.method = "POST", .raw_path = ""};
  request.remote_address = "127.0.0.1";
  request.content_length = body.size();
  request.headers.set("Authorization", "Bearer " + hub().token);
  if (!encoding.empty()) request.headers.set("Content-Encoding", encoding);
  parse_target(hub().target(kind), request);
  const HttpResponse response = respond(request, std::as_bytes(std::span(body)), piece);
  hub().put_locks_back();
  Said said{response.status, json::parse(std::get<std::string>(response.body))};
  if (said.body.contains("lock")) said.body["lock"].erase("id");  // made anew each time
  return said;
}

/// An object either can be had or sent, or is there already, or has an error that says why not.
void check_batch(const json& asked, const json& answer) {
  check(testing::faults_of_batch_answer(answer).empty());
  const json& wanted = asked.at("objects");
  check(answer.at("objects").size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const json& entry = answer.at("objects").at(i);
    if (entry.contains("error")) {
      const int code = entry.at("error").at("code");
      check(code >= 400 && code < 500 && !entry.contains("actions"));
      continue;
    }
    check(entry.at("oid") == wanted[i].at("oid") && entry.at("size") == wanted[i].at("size"));
    const bool download = asked.at("operation") == "download";
    // Only what the repository has may be had from it, and only what it has not be sent.
    const std::string oid = entry.at("oid");
    const bool here = hub().state.repo_objects.is_linked(hub().repo.id, oid);
    check(is_lfs_oid(oid) && (here || !download));
    check(entry.contains("actions") == (download || !here));
  }
}

void check_good(std::string_view kind, const std::string& body, const json& answer) {
  static const std::map<std::string_view, std::function<std::vector<std::string>(const json&)>>
      schemas = {{"lock", testing::faults_of_lock_answer},
                 {"unlock", testing::faults_of_lock_answer},
                 {"locks", testing::faults_of_lock_verification}};
  if (kind == "batch") return check_batch(json::parse(body), answer);
  if (kind == "lock") {
    const std::string path = answer.at("lock").at("path");
    check(json(path) == json::parse(body).at("path") && !problem_of_repo_path(path));
  }
  check(kind != "complete");  // a part is missing
  const auto schema = schemas.find(kind);
  if (schema == schemas.end()) return check(answer == json::object());
  json whole = answer;
  if (kind != "locks") whole["lock"]["id"] = "erased above";
  check(schema->second(whole).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  if (line == input.npos) return 0;
  const std::string_view kind = input.substr(0, line);
  const std::string body(input.substr(line + 1));
  if (hub().target(kind).empty()) return 0;
  const Said whole = ask(kind, body, body.size());
  check((whole.status >= 200 && whole.status < 300) || (whole.status >= 400 && whole.status < 500));
  if (whole.status < 300) {
    check_good(kind, body, whole.body);
  } else {
    check(whole.body.at("message").is_string());  // what git-lfs shows
  }
  check(ask(kind, body, 1) == whole);
  check(ask(kind, testing::gzipped(body), 5, "gzip") == whole);
  return 0;
}
