#include "server/accounts/gate.h"
#include "server/api/routes.h"
#include "server/http/api_error.h"
#include "torchhub/base/random_id.h"
#include "torchhub/wire/error_codes.h"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>

namespace torchhub::server {
namespace {

/// Wants and haves of a fetch, after inflating. Each is a line of 50 bytes and git sends at most
/// 16,384 new haves a round (fetch-pack.c, LARGE_FLUSH), so this is room for 150,000 branches and
/// tags.
constexpr std::size_t kMaxRequestBytes = std::size_t{8} << 20;

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

/// A request to git, on disk: anybody may send one, and many at once must not fill the memory.
class SpooledRequest final : public BodyConsumer {
 public:
  using Answer = std::function<HttpResponse(std::shared_ptr<const OpenFile>)>;

  SpooledRequest(const DataFolder& folder, Answer answer)
      : path_(folder.incoming() / random_hex(12)), answer_(std::move(answer)) {
    constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    file_ = std::make_shared<OpenFile>(::open(path_.c_str(), kFlags, 0600));
    if (file_->descriptor() < 0) throw_file_error("create", path_, errno);
    ::unlink(path_.c_str());  // it goes with its last reader, however that ends
  }

  void take(std::span<const std::byte> bytes) override {
    size_ += bytes.size();
    if (size_ > kMaxRequestBytes) {
      throw ApiError(413, fmt::format("The request is over {} bytes. Fetch fewer branches at once.",
                                      kMaxRequestBytes));
    }
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_->descriptor(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw_file_error("write", path_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  HttpResponse finish() override {
    if (::lseek(file_->descriptor(), 0, SEEK_SET) != 0) throw_file_error("read", path_, errno);
    return answer_(std::move(file_));
  }

 private:
  std::filesystem::path path_;
  Answer answer_;
  std::shared_ptr<OpenFile> file_;
  std::size_t size_ = 0;
};

HttpResponse advertise(HubState& hub, const HttpRequest& request) {
  const RepoRow repo = Gate(hub, Gate::Style::git).contents(request);
  const std::string service = request.query_value("service").value_or("");
  if (service == "git-receive-pack") refuse_push();
  if (service != "git-upload-pack") {
    throw ApiError(403, "Only git's smart HTTP is spoken here. Use a git of this century.");
  }
  const std::string protocol = git::checked_protocol(request.header("Git-Protocol"));
  auto output = hub.git.run({.arguments = {"upload-pack", "--stateless-rpc", "--advertise-refs",
                                           hub.folder.repository(repo.id).string()},
                             .protocol = protocol},
                            hub.stop.get_token());
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
    return git_answer("application/x-git-upload-pack-result",
                      hub.git.run(call, hub.stop.get_token()));
  };
  return std::make_unique<SpooledRequest>(hub.folder, answer);
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
