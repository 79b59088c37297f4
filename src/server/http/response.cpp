#include "server/http/response.h"

#include "server/http/api_error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include <array>
#include <unistd.h>

namespace torchhub::server {
namespace {

class WholeBody final : public BodyConsumer {
 public:
  WholeBody(std::size_t limit, std::function<HttpResponse(std::string)> answer)
      : limit_(limit), answer_(std::move(answer)) {}

  void take(std::span<const std::byte> bytes) override {
    if (bytes.size() > limit_ - body_.size()) {
      throw ApiError(413, fmt::format("The body is over {} bytes.", limit_));
    }
    body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  HttpResponse finish() override { return answer_(std::move(body_)); }

 private:
  std::size_t limit_;
  std::function<HttpResponse(std::string)> answer_;
  std::string body_;
};

class Gunzip final : public BodyConsumer {
 public:
  Gunzip(std::unique_ptr<BodyConsumer> inner, std::uint64_t limit)
      : inner_(std::move(inner)), limit_(limit) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw Error("zlib cannot start inflating.");
  }
  ~Gunzip() override { inflateEnd(&stream_); }

  void take(std::span<const std::byte> bytes) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (stream_.avail_in > 0 && !ended_) pass_on_one_piece();
    if (stream_.avail_in > 0) {
      // Half-understood would be worse than refused: the rest may be a second gzip member.
      throw ApiError(400,
                     "The body goes on behind the end of its gzip data. Send it as one piece.");
    }
  }

  HttpResponse finish() override {
    if (!ended_) throw ApiError(400, "The gzip body ends early.");
    return inner_->finish();
  }

 private:
  void pass_on_one_piece() {
    std::array<std::byte, 1 << 16> out;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      throw ApiError(400, "The body is not valid gzip.");
    }
    ended_ = result == Z_STREAM_END;
    const std::size_t size = out.size() - stream_.avail_out;
    total_ += size;
    if (total_ > limit_) throw ApiError(413, "The body is too large when inflated.");
    if (size > 0) inner_->take(std::span(out).first(size));
  }

  std::unique_ptr<BodyConsumer> inner_;
  std::uint64_t limit_;
  std::uint64_t total_ = 0;
  bool ended_ = false;
  z_stream stream_{};
};

}  // namespace

HttpResponse json_response(const nlohmann::json& value, int status) {
  // Names come from clients: what is not UTF-8 is replaced rather than failing the answer.
  return {status,
          {{"Content-Type", "application/json; charset=utf-8"}},
          value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

HttpResponse text_response(std::string text, int status) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)};
}

Answer read_body(std::size_t limit, std::function<HttpResponse(std::string)> answer) {
  return std::make_unique<WholeBody>(limit, std::move(answer));
}

std::unique_ptr<BodyConsumer> gunzip(std::unique_ptr<BodyConsumer> inner, std::uint64_t limit) {
  return std::make_unique<Gunzip>(std::move(inner), limit);
}

}  // namespace torchhub::server
