#pragma once

#include "torchhub/data/dataset.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string_view>

namespace torchhub {

/// An IDX file (the format of MNIST), plain or gzipped, as a tensor of its type and shape. Integers
/// are big-endian in the file. @throws FileError, DatasetError if it is cut short or not IDX
at::Tensor read_idx(const std::filesystem::path& path);

/// Where Debian's package dataset-fashion-mnist puts its files.
inline constexpr std::string_view kFashionMnistFolder = "/usr/share/datasets/fashion-mnist";

/// Fashion-MNIST in memory: `pixel_values` float32 [n, 1, 28, 28], scaled to mean 0 and deviation 1
/// of the training set, and `labels` int64 [n] of 10 classes.
/// @param split "train" (60,000 images) or "test" (10,000)
/// @throws InvalidArgumentError for another split, FileError that names the package if there are no
/// files
std::shared_ptr<TensorDataset> fashion_mnist(
    std::string_view split, const std::filesystem::path& folder = kFashionMnistFolder);

}  // namespace torchhub
