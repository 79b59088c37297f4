#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace torchhub::bench {

struct Url {
  std::string host;  ///< With its port.
  int port = 80;
  std::string path;
};
/// "http://127.0.0.1:8080/a?b"
Url parse_url(const std::string& url);

/// A blocking connection to a port of this machine. Ends the program if there is none.
int connect_to(const Url& url);
void send_all(int socket, const std::string& bytes);
/// Reads an answer's head. @param body receives how many bytes behind it came along
/// @return the body's Content-Length
std::size_t read_head(int socket, std::string& head, std::size_t& body);

struct Load {
  double seconds = 0;
  std::vector<double> latencies_ms = {};  ///< Sorted.
  std::size_t not_2xx = 0;

  /// The latency that this part of the requests did not exceed.
  double at(double part) const;
};

/// One thread, `connections` of them at once, each sends its next request when it has the answer to
/// the last.
Load run_load(const std::string& method, const std::string& url, int connections, double seconds,
              const std::vector<std::string>& headers);

}  // namespace torchhub::bench
