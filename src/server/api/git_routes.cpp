#include "server/accounts/gate.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "torchhub/wire/error_codes.h"

namespace torchhub::server {
namespace {

constexpr std::size_t kMaxRequestBytes = std::size_t{64} << 20;  // wants and haves of a fetch

[[noreturn]] void refuse_push() {
  throw ApiError(501,
                 "Pushing with git is not built yet. Use the API: 'hf upload', or push_to_hub.",
                 error_codes::kNotImplemented);
}

HttpResponse git_answer(std::string type, std::unique_ptr<BodySource> source) {
  return {
      200, {{"Content-Type", std::move(type)}, {"Cache-Control", "no-cache"}}, std::move(source)};
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

HttpResponse advertise(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub, Gate::Style::git).readable(request);
  const std::string service = request.query_value("service").value_or("");
  if (service == "git-receive-pack") refuse_push();
  if (service != "git-upload-pack") {
    throw ApiError(403, "Only git's smart HTTP is spoken here. Use a git of this century.");
  }
  const std::string protocol = request.header("Git-Protocol");
  auto output = hub.git.run({{"upload-pack", "--stateless-rpc", "--advertise-refs",
                              hub.folder.repository(repo.id).string()},
                             protocol},
                            hub.stop.get_token());
  // Protocol 2 starts with its own first line (git http-backend.c).
  const bool version2 = protocol.find("version=2") != std::string::npos;
  const std::string prefix = version2 ? "" : "001e# service=git-upload-pack\n0000";
  return git_answer("application/x-git-upload-pack-advertisement",
                    std::make_unique<Prefixed>(prefix, std::move(output)));
}

Answer upload_pack(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub, Gate::Style::git).readable(request);
  const std::string protocol = request.header("Git-Protocol");
  return read_body(kMaxRequestBytes, [&hub, repo, protocol](std::string body) {
    return git_answer(
        "application/x-git-upload-pack-result",
        hub.git.run({{"upload-pack", "--stateless-rpc", hub.folder.repository(repo.id).string()},
                     protocol,
                     std::move(body)},
                    hub.stop.get_token()));
  });
}

}  // namespace

void add_git_routes(Router& router, HubState& hub) {
  router.add("GET", "/{web}/{repo}/info/refs",
             [&hub](const HttpRequest& request) { return advertise(hub, request); });
  router.add("POST", "/{web}/{repo}/git-upload-pack",
             [&hub](const HttpRequest& request) { return upload_pack(hub, request); });
  router.add("POST", "/{web}/{repo}/git-receive-pack",
             [&hub](const HttpRequest& request) -> Answer {
               Gate(hub, Gate::Style::git).writable(request);
               refuse_push();
             });
}

}  // namespace torchhub::server
