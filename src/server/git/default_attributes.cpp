#include "server/git/default_attributes.h"

#include <array>
#include <string_view>

namespace torchhub::server::git {
namespace {

// As the Hub writes them into new repositories (matrixhub-ai/hfd pkg/repository/gitattributes.txt).
constexpr std::array<std::string_view, 35> kPatterns = {"*.7z",          "*.arrow",
                                                        "*.bin",         "*.bz2",
                                                        "*.ckpt",        "*.ftz",
                                                        "*.gz",          "*.h5",
                                                        "*.joblib",      "*.lfs.*",
                                                        "*.mlmodel",     "*.model",
                                                        "*.msgpack",     "*.npy",
                                                        "*.npz",         "*.onnx",
                                                        "*.ot",          "*.parquet",
                                                        "*.pb",          "*.pickle",
                                                        "*.pkl",         "*.pt",
                                                        "*.pth",         "*.rar",
                                                        "*.safetensors", "saved_model/**/*",
                                                        "*.tar.*",       "*.tar",
                                                        "*.tflite",      "*.tgz",
                                                        "*.wasm",        "*.xz",
                                                        "*.zip",         "*.zst",
                                                        "*tfevents*"};

constexpr std::array<std::string_view, 19> kDatasetPatterns = {
    "*.lz4", "*.mds", "*.pcm", "*.sam",  "*.raw", "*.aac",  "*.flac", "*.mp3", "*.ogg", "*.wav",
    "*.bmp", "*.gif", "*.png", "*.tiff", "*.jpg", "*.jpeg", "*.webp", "*.mp4", "*.webm"};

void append(std::string& text, std::string_view pattern) {
  text.append(pattern).append(" filter=lfs diff=lfs merge=lfs -text\n");
}

}  // namespace

std::string default_attributes(RepoType type) {
  std::string text;
  for (std::string_view pattern : kPatterns) append(text, pattern);
  if (type == RepoType::dataset) {
    for (std::string_view pattern : kDatasetPatterns) append(text, pattern);
  }
  return text;
}

}  // namespace torchhub::server::git
