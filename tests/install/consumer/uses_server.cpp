#include <torchhub/server.h>

#include <cstdio>

int main() {
  torchhub::Admin admin("hub");
  admin.create_user("ana");
  const std::string token = admin.create_token("ana", torchhub::TokenRole::write);
  torchhub::Server server({.data_dir = "hub", .listen = "127.0.0.1:0"});
  std::printf("HF_ENDPOINT=%s HF_TOKEN=%s\n", server.base_url().c_str(), token.c_str());
}  // the server stops in order
