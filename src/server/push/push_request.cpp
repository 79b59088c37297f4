#include "server/push/push_request.h"

#include "server/http/api_error.h"
#include "server/push/pkt_line.h"
#include "torchhub/wire/repo.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace torchhub::server {
namespace {

constexpr std::size_t kMaxCommands = 10'000;
constexpr std::size_t kLengthDigits = 4;
constexpr std::size_t kIdDigits = kNoId.size();

[[noreturn]] void refuse_push(std::string_view what) {
  throw ApiError(400, fmt::format("This is not what git sends to push: {}.", what));
}

/// @param line its first four bytes at least
std::size_t length_of(std::string_view line) {
  const std::string_view digits = line.substr(0, kLengthDigits);
  std::size_t length = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), length, 16);
  if (result.ec != std::errc() || result.ptr != digits.data() + digits.size() ||
      length > pkt::kMaxLine || (length > 0 && length < kLengthDigits)) {
    refuse_push("a line has no length");
  }
  return length;
}

/// "a b  c"
std::set<std::string, std::less<>> words_of(std::string_view text) {
  std::set<std::string, std::less<>> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.emplace(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

bool PushRequest::has_pack() const {
  return std::any_of(commands.begin(), commands.end(),
                     [](const RefCommand& command) { return !command.deletes(); });
}

std::string push_capabilities() {
  return "report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 "
         "agent=torchhub";
}

std::span<const std::byte> PushRequestReader::take(std::span<const std::byte> bytes) {
  while (!complete_ && !bytes.empty()) {
    const std::size_t wanted = line_.size() < kLengthDigits ? kLengthDigits : length_of(line_);
    const std::size_t count = std::min(bytes.size(), wanted - line_.size());
    line_.append(reinterpret_cast<const char*>(bytes.data()), count);
    bytes = bytes.subspan(count);
    if (line_.size() < kLengthDigits) break;
    const std::size_t length = length_of(line_);
    if (length == 0) {
      complete_ = true;
    } else if (line_.size() == length) {
      take_line(std::string_view(line_).substr(kLengthDigits));
      line_.clear();
    }
  }
  return bytes;
}

void PushRequestReader::take_line(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.starts_with("shallow ")) {
    request_.shallow = true;
    return;
  }
  if (line.starts_with("push-cert")) refuse_push("signed pushes were not offered");
  take_command(line);
}

void PushRequestReader::take_command(std::string_view line) {
  if (request_.commands.size() == kMaxCommands) {
    throw ApiError(413, fmt::format("A push may change {} branches and tags. Push fewer at once.",
                                    kMaxCommands));
  }
  // The first command has the capabilities behind a NUL.
  const std::size_t end = std::min(line.find('\0'), line.size());
  if (end < line.size()) request_.capabilities = words_of(line.substr(end + 1));
  line = line.substr(0, end);
  constexpr std::size_t kRefAt = 2 * (kIdDigits + 1);
  if (line.size() <= kRefAt || line[kIdDigits] != ' ' || line[kRefAt - 1] != ' ') {
    refuse_push("a line names no ref");
  }
  RefCommand command{std::string(line.substr(0, kIdDigits)),
                     std::string(line.substr(kIdDigits + 1, kIdDigits)),
                     std::string(line.substr(kRefAt))};
  if (!is_commit_hash(command.old_id) || !is_commit_hash(command.new_id)) {
    refuse_push("a line has no ids");
  }
  request_.commands.push_back(std::move(command));
}

}  // namespace torchhub::server
