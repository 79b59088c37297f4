#include "card/peft_line.h"

#include "card/card_lines.h"

namespace torchhub::card {

std::string_view peft_line(std::string_view section) {
  for (const std::string_view line : lines_of(section)) {
    if (line.starts_with("- PEFT ")) return line;
  }
  return {};
}

std::string without_peft_line(std::string_view section) {
  std::string out(section);
  const std::string_view line = peft_line(section);
  if (!line.empty()) out.erase(static_cast<std::size_t>(line.data() - section.data()), line.size());
  return out;
}

std::string with_peft_line(std::string_view fresh, std::string_view old) {
  std::string out(fresh);
  const std::string_view line = peft_line(old);
  const std::size_t list = fresh.find("\n- ");
  if (line.empty() || list == std::string_view::npos || !peft_line(fresh).empty()) return out;
  return out.insert(list + 1, std::string(without_break(line)) + std::string(line_break_of(fresh)));
}

}  // namespace torchhub::card
