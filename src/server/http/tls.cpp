#include "server/http/tls.h"

#include "torchhub/server/errors.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace torchhub::server {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};
using Context = std::shared_ptr<SSL_CTX>;
using Session = std::unique_ptr<SSL, FreeSession>;

std::string last_reason() {
  const unsigned long code = ERR_peek_last_error();  // NOLINT(google-runtime-int): OpenSSL's type
  ERR_clear_error();
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return code != 0 ? text.data() : "no reason given";
}

void need(bool done, const char* what, const std::filesystem::path& file) {
  if (done) return;
  throw TlsError(fmt::format("Cannot use the {} '{}': {}. It must be PEM, readable by the server.",
                             what, file.string(), last_reason()));
}

Context load(const TlsFiles& files) {
  const Context context(SSL_CTX_new(TLS_server_method()), FreeContext());
  if (!context) throw TlsError("OpenSSL cannot start: " + last_reason());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  need(SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) == 1,
       "certificate", files.certificate);
  need(SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1, "key",
       files.key);
  need(SSL_CTX_check_private_key(context.get()) == 1, "key of another certificate", files.key);
  return context;
}

class TlsStream final : public Stream {
 public:
  TlsStream(int descriptor, Context context, Session session)
      : descriptor_(descriptor), context_(std::move(context)), session_(std::move(session)) {}

  void set_read_timeout(std::chrono::milliseconds timeout) override {
    set_socket_timeout(descriptor_, SO_RCVTIMEO, timeout);
  }
  void set_write_timeout(std::chrono::milliseconds timeout) override {
    set_socket_timeout(descriptor_, SO_SNDTIMEO, timeout);
  }

  std::size_t read(std::span<char> room) override {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(session_.get(), room.data(), room.size(), &count);
    if (result == 1) return count;
    if (SSL_get_error(session_.get(), result) == SSL_ERROR_ZERO_RETURN) return 0;
    fail(result);
  }

  std::size_t write_some(std::string_view bytes, bool) override {
    std::size_t count = 0;
    ERR_clear_error();
    if (bytes.empty()) return 0;
    const int result = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count);
    if (result == 1) return count;
    if (SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_WRITE) return 0;
    fail(result);
  }

  std::size_t send_some(const OpenFile& file, std::uint64_t offset, std::size_t size) override {
    room_.resize(std::min(size, kRecordBytes));
    ssize_t count = -1;
    do {
      count = ::pread(file.descriptor(), room_.data(), room_.size(), static_cast<off_t>(offset));
    } while (count < 0 && errno == EINTR);
    if (count <= 0) throw ConnectionLost("The file that was being sent cannot be read to its end.");
    return write_some({room_.data(), static_cast<std::size_t>(count)}, true);
  }

  std::uint64_t untaken() const override { return untaken_bytes(descriptor_); }

  void end_writing() override {
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ::shutdown(descriptor_, SHUT_WR);
  }

 private:
  [[noreturn]] void fail(int result) {
    const int error = SSL_get_error(session_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      throw ConnectionTimedOut("The client made no progress.");
    }
    throw ConnectionLost("The connection broke: " + last_reason());
  }

  static constexpr std::size_t kRecordBytes = std::size_t{16} << 10;  ///< More goes into several.

  int descriptor_;
  Context context_;  ///< Kept for as long as the session uses it.
  Session session_;
  std::string room_ = {};  ///< For bytes of files.
};

}  // namespace

struct TlsContext::Impl {
  explicit Impl(TlsFiles from) : files(std::move(from)) {}  // clang before 16 wants one
  TlsFiles files;
  std::mutex mutex = {};
  Context current = nullptr;  // guarded by mutex
};

TlsContext::TlsContext(TlsFiles files) : impl_(std::make_unique<Impl>(std::move(files))) {
  reload();
}
TlsContext::~TlsContext() = default;

void TlsContext::reload() {
  Context fresh = load(impl_->files);
  const std::lock_guard lock(impl_->mutex);
  impl_->current = std::move(fresh);
}

std::unique_ptr<Stream> TlsContext::accept(int descriptor,
                                           std::chrono::milliseconds timeout) const {
  Context context;
  {
    const std::lock_guard lock(impl_->mutex);
    context = impl_->current;
  }
  Session session(SSL_new(context.get()));
  if (!session || SSL_set_fd(session.get(), descriptor) != 1) {
    throw ConnectionLost("OpenSSL cannot take a connection: " + last_reason());
  }
  // A record that a slow client took half of is written on from wherever its bytes lie by then.
  SSL_set_mode(session.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  set_socket_timeout(descriptor, SO_RCVTIMEO, timeout);
  set_socket_timeout(descriptor, SO_SNDTIMEO, timeout);
  ERR_clear_error();
  if (SSL_accept(session.get()) != 1) {
    throw ConnectionLost("The client shook no hands: " + last_reason());
  }
  return std::make_unique<TlsStream>(descriptor, std::move(context), std::move(session));
}

}  // namespace torchhub::server
