#include "interop/names/name_map.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"

namespace tandem {
namespace {

constexpr NameRow kRows[] = {
    {"blocks.{}.qkv", "h.{}.q + h.{}.k + h.{}.v"},
    {"query + key_value", "in_proj"},
    {"projection", "proj", Transform::kTranspose},
    {"patches", "conv", Transform::kPatches},
    {"token", "cls", Transform::kTwoLeadingAxes},
    {"scale", "scale", Transform::kScalar},
    {"absent", "never"},
};

NameMap map() { return {{"a.", "b.", kRows}}; }

TensorMap own() {
  return {{"a.blocks.0.qkv", torch::arange(18).view({6, 3})},
          {"a.blocks.1.qkv", torch::arange(18, 36).view({6, 3})},
          {"a.query", torch::arange(4).view({2, 2})},
          {"a.key_value", torch::arange(4, 12).view({4, 2})},
          {"a.projection", torch::arange(6).view({2, 3})},
          {"a.patches", torch::arange(24).view({2, 12})},
          {"a.token", torch::arange(5)},
          {"a.scale", torch::tensor(7)}};
}

TEST(NameMap, GoesThereAndBackByteByByte) {
  ConversionReport there, back;
  const auto pairs = expand(map(), own());
  const TensorMap theirs = to_theirs(pairs, own(), 2, there);
  EXPECT_EQ(theirs.size(), 11U);
  EXPECT_TRUE(torch::equal(theirs.at("b.h.1.k"), torch::arange(24, 30).view({2, 3})));
  EXPECT_TRUE(torch::equal(theirs.at("b.in_proj"), torch::arange(12).view({6, 2})));
  EXPECT_TRUE(torch::equal(theirs.at("b.proj"), torch::arange(6).view({2, 3}).t()));
  EXPECT_EQ(theirs.at("b.conv").sizes(), (std::vector<int64_t>{2, 3, 2, 2}));
  EXPECT_EQ(theirs.at("b.cls").sizes(), (std::vector<int64_t>{1, 1, 5}));
  EXPECT_EQ(theirs.at("b.scale").sizes(), (std::vector<int64_t>{1}));
  const TensorMap again = to_ours(pairs, theirs, own(), back);
  EXPECT_TRUE(back.complete()) << report_text(back, true);
  for (const auto& [name, tensor] : own())
    EXPECT_TRUE(torch::equal(again.at(name), tensor)) << name;
}

TEST(NameMap, RefusesAParameterWithoutAName) {
  TensorMap more = own();
  more["a.gate"] = torch::zeros({1});
  expect_error(ErrorKind::kConfig, {.found = "a.gate"}, [&] { (void)expand(map(), more); });
}

TEST(NameMap, ListsWhatDoesNotFit) {
  ConversionReport report;
  const auto pairs = expand(map(), own());
  TensorMap theirs = to_theirs(pairs, own(), 2, report);
  theirs.erase("b.h.0.v");
  theirs["b.h.1.q"] = torch::zeros({3, 3}, torch::kInt64);
  theirs["b.extra"] = torch::zeros({1});
  report = {};
  const TensorMap ours = to_ours(pairs, theirs, own(), report);
  EXPECT_EQ(report.missing, (std::vector<std::string>{"b.h.0.v"}));
  EXPECT_EQ(report.unexpected, (std::vector<std::string>{"b.extra"}));
  ASSERT_EQ(report.misshapen.size(), 1U);
  EXPECT_NE(report.misshapen[0].find("b.h.1.q"), std::string::npos);
  EXPECT_FALSE(ours.contains("a.blocks.0.qkv"));
}

TEST(NameMap, DoesNotTakeAnotherShapeForATransform) {
  ConversionReport report;
  const auto pairs = expand(map(), own());
  TensorMap theirs = to_theirs(pairs, own(), 2, report);
  theirs["b.cls"] = torch::zeros({5, 1, 1});
  theirs["b.scale"] = torch::zeros({2});
  report = {};
  (void)to_ours(pairs, theirs, own(), report);
  EXPECT_EQ(report.misshapen.size(), 2U);
}

}  // namespace
}  // namespace tandem
