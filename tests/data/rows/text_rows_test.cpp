#include "data/rows/text_rows.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TextRows rows_of(const std::vector<std::vector<std::string>>& rows) {
  TextRows result;
  for (const auto& row : rows) {
    result.begin_row();
    for (const std::string& text : row) result.add(text);
  }
  result.shrink();
  return result;
}

TEST(TextRows, ReturnsWhatWasAdded) {
  const std::vector<std::vector<std::string>> expected = {
      {"a.jpg", "a cat"}, {}, {""}, {"b.jpg", "", "zwei", "trois"}, {}};
  const TextRows rows = rows_of(expected);
  ASSERT_EQ(rows.size(), 5);
  for (size_t row = 0; row < expected.size(); ++row) {
    ASSERT_EQ(rows.width(static_cast<int64_t>(row)), expected[row].size());
    for (size_t column = 0; column < expected[row].size(); ++column)
      EXPECT_EQ(rows.at(static_cast<int64_t>(row), column), expected[row][column]);
  }
}

TEST(TextRows, HashTellsWhereStringsAndRowsEnd) {
  const std::string hash = rows_of({{"ab", "c"}, {"d"}}).hash();
  EXPECT_EQ(hash, rows_of({{"ab", "c"}, {"d"}}).hash());
  EXPECT_NE(hash, rows_of({{"a", "bc"}, {"d"}}).hash());
  EXPECT_NE(hash, rows_of({{"ab"}, {"c", "d"}}).hash());
  EXPECT_NE(hash, rows_of({{"ab", "c"}, {"e"}}).hash());
}

}  // namespace
}  // namespace tandem
