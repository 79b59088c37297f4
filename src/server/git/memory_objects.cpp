#include "server/git/memory_objects.h"

#include "server/git/handles.h"

#if __has_include(<git2/sys/errors.h>)  // since libgit2 1.8 git_error_set_str is declared there
#include <git2/sys/errors.h>
#endif
#include <git2/sys/odb_backend.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>

namespace torchhub::server::git {
namespace {

struct Object {
  git_object_t type;
  std::string bytes;
};

struct ById {
  bool operator()(const git_oid& a, const git_oid& b) const { return git_oid_cmp(&a, &b) < 0; }
};

}  // namespace

/// libgit2 sees the base; it is the first thing in memory.
struct MemoryObjects::Backend : git_odb_backend {
  Backend() : git_odb_backend{} {}

  std::map<git_oid, Object, ById> objects = {};
  std::size_t bytes = 0;
  std::size_t limit = 0;
  std::function<void()> before_passing_on = {};
  std::unique_ptr<MemoryObjects> handle = nullptr;

  static Backend& of(git_odb_backend* backend) { return *static_cast<Backend*>(backend); }

  static int read_object(void** data, std::size_t* size, git_object_t* type, git_odb_backend* self,
                         const git_oid* oid) {
    const auto found = of(self).objects.find(*oid);
    if (found == of(self).objects.end()) return GIT_ENOTFOUND;
    const Object& object = found->second;
    *data = git_odb_backend_data_alloc(self, object.bytes.size() + 1);
    if (*data == nullptr) return GIT_ERROR;
    std::memcpy(*data, object.bytes.c_str(), object.bytes.size() + 1);
    *size = object.bytes.size();
    *type = object.type;
    return 0;
  }

  static int read_size(std::size_t* size, git_object_t* type, git_odb_backend* self,
                       const git_oid* oid) {
    const auto found = of(self).objects.find(*oid);
    if (found == of(self).objects.end()) return GIT_ENOTFOUND;
    *size = found->second.bytes.size();
    *type = found->second.type;
    return 0;
  }

  static int has_object(git_odb_backend* self, const git_oid* oid) {
    return of(self).objects.contains(*oid) ? 1 : 0;
  }

  static int write_object(git_odb_backend* self, const git_oid* oid, const void* data,
                          std::size_t size, git_object_t type) {
    Backend& backend = of(self);
    try {
      if (size > backend.limit - backend.bytes) {
        backend.before_passing_on();
        return GIT_PASSTHROUGH;
      }
      backend.objects[*oid] = {type, std::string(static_cast<const char*>(data), size)};
      backend.bytes += size;
      return 0;
    } catch (const std::exception& error) {  // must not reach C
      git_error_set_str(GIT_ERROR_ODB, error.what());
      return GIT_ERROR;
    }
  }

  static void release(git_odb_backend* self) { delete &of(self); }
};

MemoryObjects& MemoryObjects::add_to(git_odb& odb, int priority, std::size_t limit,
                                     std::function<void()> before_passing_on) {
  auto backend = std::make_unique<Backend>();
  check(git_odb_init_backend(backend.get(), GIT_ODB_BACKEND_VERSION), "make room for objects");
  backend->read = &Backend::read_object;
  backend->read_header = &Backend::read_size;
  backend->exists = &Backend::has_object;
  backend->write = &Backend::write_object;
  backend->free = &Backend::release;
  backend->limit = limit;
  backend->before_passing_on = std::move(before_passing_on);
  backend->handle.reset(new MemoryObjects(*backend));
  check(git_odb_add_backend(&odb, backend.get(), priority), "make room for objects");
  return *backend.release()->handle;
}

std::vector<git_oid> MemoryObjects::ids() const {
  std::vector<git_oid> out;
  for (const auto& [oid, object] : backend_.objects) out.push_back(oid);
  return out;
}

void MemoryObjects::forget(const git_oid& oid) {
  const auto found = backend_.objects.find(oid);
  if (found == backend_.objects.end()) return;
  backend_.bytes -= found->second.bytes.size();
  backend_.objects.erase(found);
}

void MemoryObjects::clear() {
  backend_.objects.clear();
  backend_.bytes = 0;
}

}  // namespace torchhub::server::git
