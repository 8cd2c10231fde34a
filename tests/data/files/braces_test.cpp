#include "data/files/braces.h"

#include <ctime>
#include <functional>

#include <gtest/gtest.h>

#include "data/fixtures.h"

namespace tandem {
namespace {

using Texts = std::vector<std::string>;

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

double processor_seconds(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

TEST(ExpandBraces, AsAShellDoes) {
  EXPECT_EQ(expand_braces("a.tar"), (Texts{"a.tar"}));
  EXPECT_EQ(expand_braces("{000..003}.tar"), (Texts{"000.tar", "001.tar", "002.tar", "003.tar"}));
  EXPECT_EQ(expand_braces("{8..11}"), (Texts{"8", "9", "10", "11"}));
  EXPECT_EQ(expand_braces("{08..11}"), (Texts{"08", "09", "10", "11"}));
  EXPECT_EQ(expand_braces("{3..1}"), (Texts{"3", "2", "1"}));
  EXPECT_EQ(expand_braces("{0..10..5}"), (Texts{"0", "5", "10"}));
  EXPECT_EQ(expand_braces("{a..c}"), (Texts{"a", "b", "c"}));
  EXPECT_EQ(expand_braces("x{a,b{1,2}}y"), (Texts{"xay", "xb1y", "xb2y"}));
  EXPECT_EQ(expand_braces("{a,b}-{0..1}"), (Texts{"a-0", "a-1", "b-0", "b-1"}));
  EXPECT_EQ(expand_braces("{x}"), (Texts{"{x}"}));
  EXPECT_EQ(expand_braces("{}"), (Texts{"{}"}));
  EXPECT_EQ(expand_braces("{a,}"), (Texts{"a", ""}));
  EXPECT_EQ(expand_braces("a{b{1..2}{c,d}}e}"),
            (Texts{"a{b1c}e}", "a{b1d}e}", "a{b2c}e}", "a{b2d}e}"}));
  EXPECT_EQ(expand_braces("{{a,b},{1..3..2}x}{,y}"),
            (Texts{"a", "ay", "b", "by", "1x", "1xy", "3x", "3xy"}));
}

TEST(ExpandBraces, RefusesTypos) {
  expect_error(ErrorKind::kConfig, {.what = "brace at character 3 is not closed"},
               [] { (void)expand_braces("a/{000..999"); });
  expect_error(ErrorKind::kConfig, {.what = "too long"},
               [] { (void)expand_braces("{0..99999999}"); });
  expect_error(ErrorKind::kConfig, {.what = "more than a million"},
               [] { (void)expand_braces("{0..9999}{0..9999}"); });
}

TEST(ExpandBraces, RefusesWhatIsBuiltToHurt) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "{a,";
    return text + "b" + std::string(static_cast<size_t>(depth), '}');
  };
  EXPECT_EQ(expand_braces(nested(64)).size(), 65U);
  expect_error(ErrorKind::kConfig, {.what = "braces nested deeper than 64"},
               [&] { (void)expand_braces(nested(65)); });
  const Error error = expect_error(ErrorKind::kConfig, {.what = "braces nested deeper than 64"},
                                   [&] { (void)expand_braces(nested(200000)); });
  EXPECT_LT(std::string_view(error.what()).size(), 1000U);
  std::string row;
  for (int i = 0; i < 200000; ++i) row += "{x}";
  EXPECT_EQ(expand_braces(row), Texts{row});
}

TEST(ExpandBraces, KeepsItsLimitWhereverTheTextsComeFrom) {
  const auto refused = [](const std::string& text) {
    expect_error(ErrorKind::kConfig, {.what = "more than a million"},
                 [&] { (void)expand_braces(text); });
  };
  const std::string thousand(1000, 'x');
  refused(thousand + "{0..999999}");
  refused("{0..999999}" + thousand);
  refused("{" + std::string(1000, '0') + "..999999}");
  refused("{{0..599999},{0..599999}}");
  refused("{" + std::string(1'000'000, ',') + "}");
  std::string held = "x";
  for (int i = 0; i < 60; ++i) held.insert(0, "{{0..999990},").append("}");
  refused(held);
}

TEST(ExpandBraces, CountsToTheEndsOfWholeNumbers) {
  EXPECT_EQ(expand_braces("{-9223372036854775808..9223372036854775807..9223372036854775807}"),
            (Texts{"-9223372036854775808", "-1", "9223372036854775806"}));
  EXPECT_EQ(expand_braces("{9223372036854775807..9223372036854775806}"),
            (Texts{"9223372036854775807", "9223372036854775806"}));
}

/// Few bytes that stand for a million texts, which used to be made again at every brace.
TEST(ExpandBraces, CountsBeforeItMakesTexts) {
  const std::string million = "{0..999999}";
  const double refused = processor_seconds([&] {
    for (const std::string& text :
         {million + repeated("{x}", 100), million + repeated("{x,}", 30), repeated("{,}", 4000),
          repeated("{", 60) + million + repeated("xxxx}", 60),
          repeated("{", 30) + million + repeated(",x}", 30), million + std::string(300, 'x')}) {
      expect_error(ErrorKind::kConfig, {.what = "more than a million"},
                   [&] { (void)expand_braces(text); });
    }
  });
  EXPECT_LT(refused, 0.2);
}

TEST(ExpandBraces, MakesEachTextOnce) {
  const std::string million = "{0..999999}";
  Texts flat;
  Texts nested;
  const double once = processor_seconds([&] { flat = expand_braces(million); });
  const double deep = processor_seconds(
      [&] { nested = expand_braces(repeated("{", 28) + million + repeated("}", 28)); });
  ASSERT_EQ(nested.size(), 1'000'000U);
  EXPECT_EQ(nested[7], repeated("{", 28) + flat[7] + repeated("}", 28));
  EXPECT_LT(deep, 12 * once);
}

}  // namespace
}  // namespace tandem
