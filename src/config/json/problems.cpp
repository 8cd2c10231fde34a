#include "config/json/problems.h"

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem::config {

void Problems::add(const std::string& where, const std::string& what) {
  if (!is_full()) lines_.push_back(where.empty() ? what : where + ": " + what);
  ++count_;
}

void Problems::throw_if_any(const std::string& name) const {
  if (count_ == 0) return;
  if (count_ == 1) throw Error(ErrorKind::kConfig, lines_.front());
  std::string text = fmt::format("{}: {} mistakes", name, count_);
  for (const std::string& line : lines_) text += "\n  " + line;
  if (count_ > lines_.size()) text += fmt::format("\n  … and {} more", count_ - lines_.size());
  throw Error(ErrorKind::kConfig, text);
}

}  // namespace tandem::config
