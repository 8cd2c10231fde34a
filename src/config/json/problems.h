#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tandem::config {

/// Everything that is wrong with one configuration, collected to be thrown at once.
class Problems {
 public:
  /// `where` is a file with line and column, or --set; empty where there is neither.
  void add(const std::string& where, const std::string& what);
  /// Whether further problems are only counted, so that a hostile file costs no time.
  [[nodiscard]] bool is_full() const { return lines_.size() >= kMaxShown; }
  /// Throws kConfig with all of them, if there are any. `name` stands for the configuration.
  void throw_if_any(const std::string& name) const;

 private:
  static constexpr size_t kMaxShown = 50;

  std::vector<std::string> lines_;
  size_t count_ = 0;
};

}  // namespace tandem::config
