#include "server/git/loose_object.h"

#include "server/store/write_all.h"
#include "torchhub/base/error.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <fcntl.h>
#include <span>
#include <string>

namespace torchhub::server::git {
namespace {

std::string loose_form(git_odb_object& object) {
  const std::size_t size = git_odb_object_size(&object);
  std::string text =
      fmt::format("{} {}", git_object_type2string(git_odb_object_type(&object)), size);
  text += '\0';
  text.append(static_cast<const char*>(git_odb_object_data(&object)), size);

  uLongf length = ::compressBound(text.size());
  std::string out(length, '\0');
  const int code =
      ::compress2(reinterpret_cast<Bytef*>(out.data()), &length,
                  reinterpret_cast<const Bytef*>(text.data()), text.size(), Z_BEST_SPEED);
  if (code != Z_OK) throw Error(fmt::format("zlib failed to deflate an object: {}.", code));
  out.resize(length);
  return out;
}

}  // namespace

void write_loose_object(const std::filesystem::path& path, git_odb_object& object) {
  const std::string bytes = loose_form(object);
  const OpenFile file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (file.descriptor() < 0) throw_file_error("create", path, errno);
  write_all(file, std::as_bytes(std::span(bytes)), path);
}

}  // namespace torchhub::server::git
