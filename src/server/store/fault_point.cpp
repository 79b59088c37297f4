#include "server/store/fault_point.h"

#include <csignal>
#include <unistd.h>

namespace torchhub::server {

void FaultPoint::reach(std::string_view place) const {
  if (!name_.empty() && place == name_) ::kill(::getpid(), SIGKILL);
}

}  // namespace torchhub::server
