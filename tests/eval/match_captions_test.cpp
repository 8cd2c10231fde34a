#include "tandem/eval/match_captions.h"

#include <functional>

#include <gtest/gtest.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    return error.what();
  }
  return "";
}

TEST(MatchCaptions, ByNameInTheOrderOfTheReferences) {
  const MatchedCaptions matched =
      match_captions({{.image = "b", .captions = {"B"}}, {.image = "a.jpg", .captions = {"A"}}},
                     {{.image = "1", .file_name = "a.jpg", .captions = {"a", "aa"}},
                      {.image = "b", .captions = {"bb"}}});
  ASSERT_EQ(matched.cases.size(), 2U);
  EXPECT_EQ(matched.cases[0].caption, "A");
  EXPECT_EQ(matched.cases[0].references, (std::vector<std::string>{"a", "aa"}));
  EXPECT_EQ(matched.cases[1].caption, "B");
}

TEST(MatchCaptions, PicturesOfOneFileOnlyAreRefusedOrCounted) {
  const std::vector<PictureCaptions> captions = {{.image = "a", .captions = {"A"}},
                                                 {.image = "c", .captions = {"C"}}};
  const std::vector<PictureCaptions> references = {{.image = "a", .captions = {"a"}},
                                                   {.image = "d", .captions = {"d"}},
                                                   {.image = "e", .captions = {"e"}}};
  EXPECT_NE(refusal([&] {
              (void)match_captions(captions, references);
            }).find("picture d: 2 pictures have references and no caption"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              (void)match_captions(captions, {references.front()});
            }).find("picture c: 1 pictures have a caption and no references"),
            std::string::npos);
  const MatchedCaptions common = match_captions(captions, references, true);
  EXPECT_EQ(common.cases.size(), 1U);
  EXPECT_EQ(common.without_caption, 2);
  EXPECT_EQ(common.without_references, 1);
}

TEST(MatchCaptions, TwoCaptionsAndForeignNamesAreRefused) {
  const std::vector<PictureCaptions> references = {{.image = "a", .captions = {"a"}}};
  EXPECT_NE(refusal([&] {
              (void)match_captions({{.image = "a", .captions = {"x", "y"}}}, references);
            }).find("more than one caption"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              (void)match_captions({{.image = "z", .captions = {"x"}}}, references, true);
            }).find("share no picture"),
            std::string::npos);
}

}  // namespace
}  // namespace tandem
