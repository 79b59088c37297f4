#include "server/http/answer_writer.h"

#include "server/http/http_date.h"

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <variant>

namespace torchhub::server {
namespace {

using Source = std::unique_ptr<BodySource>;

/// How long the body is; nothing if that shows only at its end.
std::optional<std::uint64_t> size_of(const HttpResponse& answer) {
  if (const auto* text = std::get_if<std::string>(&answer.body)) return text->size();
  if (const auto* file = std::get_if<FileBody>(&answer.body)) return file->size;
  if (const auto* size = std::get_if<BodySize>(&answer.body)) return size->size;
  return std::nullopt;
}

/// Never has a body, nor a length (RFC 9110 section 15).
bool is_bodiless(int status) {
  constexpr int kNoContent = 204;
  constexpr int kNotModified = 304;
  return status == kNoContent || status == kNotModified;
}

/// The date in the form of RFC 9110, made once a second.
std::string_view date_now() {
  thread_local std::chrono::seconds made{-1};
  thread_local std::string text;
  const auto now = std::chrono::system_clock::now();
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  if (second != made) {
    text = http_date(now);
    made = second;
  }
  return text;
}

std::string head_of(const HttpResponse& answer, const AnswerForm& form) {
  fmt::memory_buffer head;
  const auto out = std::back_inserter(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\n", answer.status, reason_phrase(answer.status),
                 date_now());
  for (const auto& [name, value] : answer.headers.fields()) {
    fmt::format_to(out, "{}: {}\r\n", name, value);
  }
  if (const auto size = size_of(answer); size && !is_bodiless(answer.status)) {
    fmt::format_to(out, "Content-Length: {}\r\n", *size);
  } else if (!size && !form.http_1_0) {
    fmt::format_to(out, "Transfer-Encoding: chunked\r\n");
  }
  if (form.close) {
    fmt::format_to(out, "Connection: close\r\n");
  } else if (form.http_1_0) {
    fmt::format_to(out, "Connection: keep-alive\r\n");
  }
  fmt::format_to(out, "\r\n");
  return fmt::to_string(head);
}

void write_source(PacedWriter& out, BodySource& source, bool chunked, std::uint64_t& sent) {
  constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
  std::string room(kBlockBytes, '\0');
  while (const std::size_t count = source.read(room)) {
    if (chunked) out.write(fmt::format("{:x}\r\n", count), true);
    out.write(std::string_view(room).substr(0, count), chunked);
    if (chunked) out.write("\r\n", false);
    sent += count;
  }
  if (chunked) out.write("0\r\n\r\n", false);
}

void write_file(PacedWriter& out, const FileBody& body, std::uint64_t& sent) {
  for (std::uint64_t done = 0; done < body.size;) {
    const std::size_t count = out.send_some(body.file, body.offset + done, body.size - done);
    done += count;
    sent += count;
  }
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto text =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {text.data(), text.size()};
}

bool has_visible_end(const HttpResponse& answer, const AnswerForm& form) {
  return !form.http_1_0 || size_of(answer).has_value();
}

void write_answer(PacedWriter& out, HttpResponse& answer, const AnswerForm& form,
                  std::uint64_t& sent) {
  std::string head = head_of(answer, form);
  if (form.head_only || is_bodiless(answer.status)) return out.write(head, false);
  constexpr std::size_t kOnePacket = 16384;  // a copy is cheaper than a second call
  if (auto* text = std::get_if<std::string>(&answer.body)) {
    if (text->size() <= kOnePacket) {
      out.write(head.append(*text), false);
    } else {
      out.write(head, true);
      out.write(*text, false);
    }
    sent += text->size();
    return;
  }
  out.write(head, size_of(answer).value_or(1) > 0);
  if (const auto* file = std::get_if<FileBody>(&answer.body)) write_file(out, *file, sent);
  if (const auto* source = std::get_if<Source>(&answer.body)) {
    write_source(out, **source, !form.http_1_0, sent);
  }
}

}  // namespace torchhub::server
