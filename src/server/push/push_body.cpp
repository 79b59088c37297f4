#include "server/push/push_body.h"

#include "server/http/api_error.h"
#include "server/push/pkt_line.h"
#include "server/push/push.h"
#include "server/push/refusal.h"
#include "server/push/working_body.h"
#include "torchhub/base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace torchhub::server {
namespace {

/// What the pusher reads must not steer the terminal.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }, '?');
  return text;
}

/// One push and how its outcome is told (git's gitprotocol-pack, report-status).
class Delivery {
 public:
  Delivery(HubState& hub, RepoRow repo, Account user, PushRequest request,
           std::shared_ptr<Spool> pack, std::string request_id)
      : hub_(hub),
        repo_(std::move(repo)),
        user_(std::move(user)),
        request_(std::move(request)),
        pack_(std::move(pack)),
        request_id_(std::move(request_id)) {}

  void run(const WorkingBody::Send& send, const std::stop_token& stop) const {
    const auto say = [&](const std::string& sentence) {
      if (!in_bands()) return;
      send(pkt::side_band(pkt::Band::message, printable(sentence) + "\n"));
    };
    const std::string report = outcome(say, stop);
    if (!in_bands()) return send(report);
    send(pkt::side_band(pkt::Band::data, report));
    send(pkt::kFlush);
  }

  bool in_bands() const { return request_.can("side-band-64k"); }

 private:
  std::string outcome(const Push::Say& say, const std::stop_token& stop) const {
    try {
      return report(Push(hub_, repo_, user_, request_, *pack_).run(say, stop));
    } catch (const Refusal& refusal) {
      for (const std::string& line : refusal.lines()) say(line);
      return refused(refusal.what());
    } catch (const ApiError& error) {
      say(error.what());
      return refused("not taken");
    } catch (const DiskFullError&) {
      return disk_full(say);
    } catch (const CancelledError&) {
      say("The server stops. Push again in a moment.");
      return refused("the server stops");
    } catch (const DatabaseError& error) {
      return error.is_full() ? disk_full(say) : failed(say, error);
    } catch (const std::exception& error) {
      return failed(say, error);
    }
  }

  std::string disk_full(const Push::Say& say) const {
    say("The server's disk is full. Nothing was kept.");
    return refused("the server's disk is full");
  }

  std::string failed(const Push::Say& say, const std::exception& error) const {
    log::error("push_failed", {{"request", request_id_}, {"error", error.what()}});
    say("The server failed. Its log has the reason under this request id: " + request_id_);
    return refused("the server failed");
  }

  std::string refused(const std::string& reason) const {
    std::vector<RefOutcome> outcomes;
    for (const RefCommand& command : request_.commands) outcomes.push_back({command.ref, reason});
    return report(outcomes);
  }

  std::string report(const std::vector<RefOutcome>& outcomes) const {
    if (!request_.can("report-status")) return "";
    std::string out = pkt::line("unpack ok\n");
    for (const RefOutcome& outcome : outcomes) {
      out += pkt::line(outcome.problem.empty()
                           ? fmt::format("ok {}\n", outcome.ref)
                           : fmt::format("ng {} {}\n", outcome.ref, outcome.problem));
    }
    out += pkt::kFlush;
    return out;
  }

  HubState& hub_;
  RepoRow repo_;
  Account user_;
  PushRequest request_;
  std::shared_ptr<Spool> pack_;
  std::string request_id_;
};

}  // namespace

PushBody::PushBody(HubState& hub, RepoRow repo, Account user, std::string request_id)
    : hub_(hub),
      repo_(std::move(repo)),
      user_(std::move(user)),
      request_id_(std::move(request_id)),
      pack_(std::make_unique<Spool>(hub.folder)) {}

void PushBody::take(std::span<const std::byte> bytes) {
  total_ += bytes.size();
  if (total_ > hub_.options.max_push_bytes) {
    throw ApiError(413, fmt::format("A push may have {} bytes. Push fewer commits at once, and "
                                    "large files by git-lfs.",
                                    hub_.options.max_push_bytes));
  }
  bytes = reader_.take(bytes);
  if (!bytes.empty()) pack_->write(bytes);
}

HttpResponse PushBody::finish() {
  HttpResponse answer{
      200,
      {{"Content-Type", "application/x-git-receive-pack-result"}, {"Cache-Control", "no-cache"}}};
  if (total_ > 0 && !reader_.complete()) throw ApiError(400, "The push ends early.");
  if (total_ == 0 || reader_.only_asks()) return answer;
  const auto delivery = std::make_shared<const Delivery>(
      hub_, repo_, user_, reader_.request(), std::shared_ptr<Spool>(std::move(pack_)), request_id_);
  answer.body = std::make_unique<WorkingBody>(
      [delivery](const WorkingBody::Send& send, const std::stop_token& stop) {
        delivery->run(send, stop);
      },
      delivery->in_bands() ? pkt::keep_alive() : "", hub_.stop.get_token());
  return answer;
}

std::string push_advertisement(const git::Repository& repository) {
  const std::string ability = std::string(1, '\0') + push_capabilities();
  std::string out = pkt::line("# service=git-receive-pack\n");
  out += pkt::kFlush;
  bool first = true;
  for (const auto& [ref, id] : repository.ref_ids()) {
    out += pkt::line(fmt::format("{} {}{}\n", id, ref, first ? ability : ""));
    first = false;
  }
  if (first) out += pkt::line(fmt::format("{} capabilities^{{}}{}\n", kNoId, ability));
  out += pkt::kFlush;
  return out;
}

}  // namespace torchhub::server
