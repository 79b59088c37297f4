#include "server/store/fault_point.h"

#include "server/store/open_file.h"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace torchhub::server {

FaultPoint::FaultPoint(const std::string& setting)
    : place_(setting.substr(0, setting.find('='))),
      gate_(setting.substr(std::min(place_.size() + 1, setting.size()))) {}

void FaultPoint::reach(std::string_view place) const {
  if (place_.empty() || place != place_) return;
  if (gate_.empty()) ::kill(::getpid(), SIGKILL);
  const OpenFile gate(::open(gate_.c_str(), O_RDONLY | O_CLOEXEC));
  char ignored = 0;
  while (gate.descriptor() >= 0 && ::read(gate.descriptor(), &ignored, 1) > 0) continue;
}

}  // namespace torchhub::server
