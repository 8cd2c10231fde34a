#include "text/steps/byte_trie.h"

#include <algorithm>

namespace tandem {

ByteTrie::ByteTrie(std::vector<std::pair<std::string_view, int32_t>> entries) {
  roots_.fill(kNone);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  struct Span {
    size_t begin;
    size_t end;
    size_t depth;
    uint32_t node;
  };
  std::vector<Span> spans = {{0, entries.size(), 0, kNone}};
  // Breadth first, so that the children of a node stand side by side.
  for (size_t next = 0; next < spans.size(); ++next) {
    const Span span = spans[next];
    size_t at = span.begin;
    while (at < span.end && entries[at].first.size() == span.depth)
      nodes_[span.node].value = entries[at++].second;
    if (span.node != kNone) nodes_[span.node].first_child = static_cast<uint32_t>(nodes_.size());
    while (at < span.end) {
      const auto label = static_cast<uint8_t>(entries[at].first[span.depth]);
      size_t end = at + 1;
      while (end < span.end && static_cast<uint8_t>(entries[end].first[span.depth]) == label) ++end;
      const auto node = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back({.label = label});
      if (span.node == kNone) {
        roots_[label] = node;
      } else {
        ++nodes_[span.node].children;
      }
      spans.push_back({at, end, span.depth + 1, node});
      at = end;
    }
  }
}

}  // namespace tandem
