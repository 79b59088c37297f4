#pragma once

#include "server/http/paced_writer.h"
#include "server/http/response.h"

#include <cstdint>
#include <string_view>

namespace torchhub::server {

/// What the answer must look like besides what it says.
struct AnswerForm {
  bool head_only = false;  ///< The request was HEAD.
  bool http_1_0 = false;   ///< Knows no chunks.
  bool close = false;      ///< The connection ends after this answer.
};

/// Can the client tell where this answer ends? Not HTTP/1.0 where the length is not known.
bool has_visible_end(const HttpResponse& answer, const AnswerForm& form);

/// Sends a whole answer. @param sent grows by the bytes of its body that went out, also of an
/// answer that is cut off
/// @throws ConnectionLost, and whatever a BodySource throws: the connection must end then, so that
/// the client sees that something is missing
void write_answer(PacedWriter& out, HttpResponse& answer, const AnswerForm& form,
                  std::uint64_t& sent);

/// The words of a status line: "Not Found".
std::string_view reason_phrase(int status);

}  // namespace torchhub::server
