#include "tandem/core/json_depth.h"

#include "core/expect_error.h"

namespace tandem {
namespace {

std::string nested(size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(JsonDepth, CountsOpenBracketsOutsideOfStrings) {
  EXPECT_FALSE(is_too_deep_json(nested(kMaxJsonDepth)));
  EXPECT_TRUE(is_too_deep_json(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(
      is_too_deep_json("[\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"]"));
  std::string list = "[";
  for (int i = 0; i < 1000; ++i) list += "{\"a\": [1]},";
  EXPECT_FALSE(is_too_deep_json(list + "0]"));
}

TEST(JsonDepth, TakesWhatIsNoJson) {
  EXPECT_FALSE(is_too_deep_json(""));
  EXPECT_FALSE(is_too_deep_json("]]]}}}\"\\"));
  EXPECT_TRUE(is_too_deep_json("]]]" + std::string(1'000'000, '{')));
}

TEST(JsonDepth, IsAnErrorWithTheFileAndTheLimit) {
  check_json_depth(nested(3), "a.json", ErrorKind::kConfig);
  expect_error(ErrorKind::kConfig, ErrorParts{.where = "a.json", .expected = "64 levels"},
               [] { check_json_depth(nested(1000), "a.json", ErrorKind::kConfig); });
}

}  // namespace
}  // namespace tandem
