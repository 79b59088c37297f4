#pragma once

#include <string>
#include <string_view>

namespace torchhub::card {

/// Can be `owner/name`, or `name` alone, of a repository. What is a path by its looks cannot: it
/// would be a dead link, and tell strangers about the machine.
bool is_hub_id(std::string_view text);

/// A builder of Python's datasets library that reads files of the user's own ("csv",
/// "imagefolder"): says how the data was read, not which data it is.
bool is_loader_name(std::string_view text);

/// `text` for readers: of a path or URL its last component, and nothing if that would say who or
/// where the user is (`~ana`, `http://ana:secret@host`); anything else as it is.
std::string shown_name(std::string_view text);

}  // namespace torchhub::card
