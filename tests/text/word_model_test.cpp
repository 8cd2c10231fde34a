#include "text/models/word_model.h"

#include <gtest/gtest.h>

#include "tandem/core/random.h"
#include "text/models/word_cache.h"

namespace tandem {
namespace {

using Ids = std::vector<int32_t>;

Ids encode(const WordModel& model, const std::string& word) {
  Ids ids;
  model.encode(word, ids);
  return ids;
}

TEST(ByteTrie, FindsEveryPrefix) {
  const ByteTrie trie({{"a", 1}, {"abc", 2}, {"b", 3}, {"abc", 4}});
  std::vector<std::pair<size_t, int32_t>> found;
  trie.for_each_prefix("abcd",
                       [&](size_t length, int32_t value) { found.emplace_back(length, value); });
  EXPECT_EQ(found, (std::vector<std::pair<size_t, int32_t>>{{1, 1}, {3, 4}}));
  EXPECT_EQ(trie.longest_prefix("abd").length, 1U);
  EXPECT_EQ(trie.longest_prefix("x").length, 0U);
  EXPECT_EQ(ByteTrie().longest_prefix("x").length, 0U);
}

TEST(StringMap, FindsWhatWasInserted) {
  StringMap map;
  for (int id = 0; id < 5000; ++id) map.insert("key" + std::to_string(id), id);
  map.insert("key7", 70000);
  EXPECT_EQ(map.size(), 5000U);
  EXPECT_EQ(map.find("key4999"), 4999);
  EXPECT_EQ(map.find("key7"), 70000);
  EXPECT_EQ(map.find("key5000"), -1);
}

/// A long word takes the heap, a short one does not: equal ids where words do not grow together.
TEST(BpeModel, MergesLongWordsAsShortOnes) {
  const BpeOptions options = {
      .merges = {{"a", "b"}, {"ab", "a"}, {"b", "b"}, {"ab", "ab"}, {"a", "a"}}};
  const BpeModel model({"a", "b", "ab", "aba", "bb", "abab", "aa", "|"}, options, "t");
  Random random(9);
  for (int round = 0; round < 200; ++round) {
    std::string word;
    Ids expected;
    for (int part = 0; part < 12; ++part) {
      std::string piece;
      for (size_t left = 1 + random.below(10); left > 0; --left)
        piece += random.below(2) == 0 ? 'a' : 'b';
      piece += '|';
      const Ids ids = encode(model, piece);
      expected.insert(expected.end(), ids.begin(), ids.end());
      word += piece;
    }
    EXPECT_EQ(encode(model, word), expected) << word;
  }
}

TEST(BpeModel, StandsInForUnknownCharacters) {
  BpeOptions options = {.unk_token = "?"};
  const auto ids = [&](const std::string& word) {
    return encode(BpeModel({"?", "a"}, options, "t"), word);
  };
  EXPECT_EQ(ids("xya"), (Ids{0, 0, 1}));
  options.fuse_unk = true;
  EXPECT_EQ(ids("xyax"), (Ids{0, 1, 0}));
}

TEST(UnigramModel, TakesTheLikeliestPath) {
  const UnigramModel model({"<unk>", "a", "b", "ab", "abb"},
                           {.scores = {0, -1, -1, -1.5, -4}, .unk_id = 0}, "t");
  EXPECT_EQ(encode(model, "abb"), (Ids{3, 2}));
  EXPECT_EQ(encode(model, "axxb"), (Ids{1, 0, 2})) << "neighbouring unknown characters are one";
}

TEST(WordCache, KeepsShortWordsOnly) {
  WordCache cache;
  Ids ids;
  EXPECT_FALSE(cache.append("word", ids));
  cache.remember("word", Ids{1, 2});
  EXPECT_TRUE(cache.append("word", ids));
  EXPECT_EQ(ids, (Ids{1, 2}));
  cache.remember(std::string(31, 'x'), Ids{1});
  EXPECT_FALSE(cache.append(std::string(31, 'x'), ids));
  cache.remember("many", Ids(9, 1));
  EXPECT_FALSE(cache.append("many", ids));
}

}  // namespace
}  // namespace tandem
