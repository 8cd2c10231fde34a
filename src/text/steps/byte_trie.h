#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem {

/// Strings with a number each, found by prefix: which of them does a text begin with?
class ByteTrie {
 public:
  ByteTrie() = default;
  /// Keys must not be empty; of equal keys the last one's value stands.
  explicit ByteTrie(std::vector<std::pair<std::string_view, int32_t>> entries);

  [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }

  /// Calls `visit(length, value)` for each key that `text` begins with, the shortest first.
  template <typename Visit>
  void for_each_prefix(std::string_view text, Visit visit) const {
    if (text.empty() || nodes_.empty()) return;
    uint32_t node = roots_[static_cast<uint8_t>(text[0])];
    for (size_t length = 1; node != kNone; ++length) {
      if (nodes_[node].value >= 0) visit(length, nodes_[node].value);
      if (length == text.size()) return;
      node = child(node, static_cast<uint8_t>(text[length]));
    }
  }

  struct Match {
    size_t length = 0;
    int32_t value = -1;
  };
  /// Returns the longest key that `text` begins with; its length is 0 when there is none.
  [[nodiscard]] Match longest_prefix(std::string_view text) const {
    Match match;
    for_each_prefix(text, [&](size_t length, int32_t value) { match = {length, value}; });
    return match;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Node {
    uint32_t first_child = 0;
    int32_t value = -1;
    uint16_t children = 0;
    uint8_t label = 0;
  };

  [[nodiscard]] uint32_t child(uint32_t node, uint8_t label) const {
    uint32_t low = nodes_[node].first_child;
    uint32_t high = low + nodes_[node].children;
    while (high - low > 8) {
      const uint32_t middle = (low + high) / 2;
      if (nodes_[middle].label <= label) {
        low = middle;
      } else {
        high = middle;
      }
    }
    for (; low < high; ++low)
      if (nodes_[low].label == label) return low;
    return kNone;
  }

  std::vector<Node> nodes_;
  std::array<uint32_t, 256> roots_{};
};

}  // namespace tandem
