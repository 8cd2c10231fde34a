#include <map>

#include "tandem/text/tokenizer.h"

namespace tandem {

std::vector<std::vector<size_t>> find_equal_texts(const Tokenizer& tokenizer,
                                                  const std::vector<std::string>& texts,
                                                  int64_t context_length) {
  std::vector<Encoding> encodings = tokenizer.encode_batch(texts, context_length);
  std::map<std::vector<int32_t>, size_t> group_of;
  std::vector<std::vector<size_t>> groups;
  for (size_t text = 0; text < texts.size(); ++text) {
    const auto [place, is_new] =
        group_of.try_emplace(std::move(encodings[text].ids), groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(text);
  }
  std::erase_if(groups, [](const std::vector<size_t>& group) { return group.size() < 2; });
  return groups;
}

}  // namespace tandem
