#include "server/accounts/gate.h"
#include "server/api/routes.h"
#include "server/git/served_output.h"
#include "server/http/api_error.h"
#include "server/push/push_body.h"
#include "server/push/spool.h"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace torchhub::server {
namespace {

/// Wants and haves of a fetch, after inflating. Each is a line of 50 bytes and git sends at most
/// 16,384 new haves a round (fetch-pack.c, LARGE_FLUSH), so this is room for 150,000 branches and
/// tags.
constexpr std::size_t kMaxRequestBytes = std::size_t{8} << 20;

HttpResponse git_answer(std::string type, std::unique_ptr<BodySource> source) {
  return {
      200, {{"Content-Type", std::move(type)}, {"Cache-Control", "no-cache"}}, std::move(source)};
}

std::unique_ptr<BodySource> served(HubState& hub, const git::Program::Call& call) {
  return std::make_unique<git::ServedOutput>(hub.git.run(call, hub.stop.get_token()),
                                             hub.options.git_timeout);
}

/// Puts a text before what git prints.
class Prefixed final : public BodySource {
 public:
  Prefixed(std::string prefix, std::unique_ptr<BodySource> rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}

  std::size_t read(std::span<char> room) override {
    if (prefix_.empty()) return rest_->read(room);
    const std::size_t count = prefix_.copy(room.data(), room.size());
    prefix_.erase(0, count);
    return count;
  }

 private:
  std::string prefix_;
  std::unique_ptr<BodySource> rest_;
};

/// A request to git, on disk: anybody may send one, and many at once must not fill the memory.
class SpooledRequest final : public BodyConsumer {
 public:
  using Answer = std::function<HttpResponse(std::shared_ptr<const OpenFile>)>;

  SpooledRequest(const DataFolder& folder, Answer answer)
      : spool_(folder), answer_(std::move(answer)) {}

  void take(std::span<const std::byte> bytes) override {
    if (spool_.size() + bytes.size() > kMaxRequestBytes) {
      throw ApiError(413, fmt::format("The request is over {} bytes. Fetch fewer branches at once.",
                                      kMaxRequestBytes));
    }
    spool_.write(bytes);
  }

  HttpResponse finish() override { return answer_(spool_.file()); }

 private:
  Spool spool_;
  Answer answer_;
};

void need_git(const HubState& hub) {
  if (hub.git.problem()) throw ApiError(503, *hub.git.problem());
}

HttpResponse advertise_to_pusher(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub, Gate::Style::git).writable(request);
  need_git(hub);
  return {200,
          {{"Content-Type", "application/x-git-receive-pack-advertisement"},
           {"Cache-Control", "no-cache"}},
          push_advertisement(hub.open(repo))};
}

HttpResponse advertise(HubState& hub, const HttpRequest& request) {
  const std::string service = request.query_value("service").value_or("");
  if (service == "git-receive-pack") return advertise_to_pusher(hub, request);
  const RepoRow repo = Gate(hub, Gate::Style::git).contents(request);
  if (service != "git-upload-pack") {
    throw ApiError(403, "Only git's smart HTTP is spoken here. Use a git of this century.");
  }
  const std::string protocol = git::checked_protocol(request.header("Git-Protocol"));
  auto output = served(hub, {.arguments = {"upload-pack", "--stateless-rpc", "--advertise-refs",
                                           hub.folder.repository(repo.id).string()},
                             .protocol = protocol});
  // Protocol 2 starts with its own first line (git http-backend.c).
  const bool prefixed = !git::asks_for_version_2(protocol);
  const std::string prefix = prefixed ? "001e# service=git-upload-pack\n0000" : "";
  return git_answer("application/x-git-upload-pack-advertisement",
                    std::make_unique<Prefixed>(prefix, std::move(output)));
}

Answer upload_pack(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub, Gate::Style::git).contents(request);
  git::Program::Call call{
      .arguments = {"upload-pack", "--stateless-rpc", hub.folder.repository(repo.id).string()},
      .protocol = git::checked_protocol(request.header("Git-Protocol"))};
  const auto answer = [&hub, call](std::shared_ptr<const OpenFile> body) mutable {
    call.input = std::move(body);
    return git_answer("application/x-git-upload-pack-result", served(hub, call));
  };
  return std::make_unique<SpooledRequest>(hub.folder, answer);
}

Answer receive_pack(HubState& hub, const HttpRequest& request) {
  const auto [repo, user] = Gate(hub, Gate::Style::git).writer(request);
  need_git(hub);
  if (request.content_length.value_or(0) > hub.options.max_push_bytes) {
    throw ApiError(413, fmt::format("A push may have {} bytes. Push fewer commits at once, and "
                                    "large files by git-lfs.",
                                    hub.options.max_push_bytes));
  }
  return std::make_unique<PushBody>(hub, repo, user, request.id);
}

}  // namespace

void add_git_routes(Router& router, HubState& hub) {
  router.add("GET", "/{web}/{repo}/info/refs",
             [&hub](const HttpRequest& request) { return advertise(hub, request); });
  router.add("POST", "/{web}/{repo}/git-upload-pack",
             [&hub](const HttpRequest& request) { return upload_pack(hub, request); });
  router.add("POST", "/{web}/{repo}/git-receive-pack",
             [&hub](const HttpRequest& request) { return receive_pack(hub, request); });
}

}  // namespace torchhub::server
