#include <gtest/gtest.h>

#include "core/gzip.h"
#include "data/fixtures.h"

namespace tandem {
namespace {

using Texts = std::vector<std::string>;

/// Captions of every picture, under its name.
std::map<std::string, Texts> captions_in(const std::string& content, SourceOptions options = {}) {
  const TemporaryFolder folder;
  write_text(folder / "captions", content);
  options.kind = SourceKind::kCaptions;
  options.path = (folder / "captions").string();
  const auto source = open(options);
  std::map<std::string, Texts> captions;
  for (int64_t i = 0; i < source->size(); ++i) captions[source->key(i)] = source->captions(i);
  return captions;
}

void refuses(const ErrorParts& parts, const std::string& content, const SourceOptions& options = {},
             ErrorKind kind = ErrorKind::kData) {
  expect_error(kind, parts, [&] { (void)captions_in(content, options); });
}

TEST(CaptionFile, ReadsCoco) {
  const std::string images = R"("images": [{"id": 7, "file_name": "a.jpg", "height": 1},
                                           {"id": 3, "file_name": "b.jpg"}])";
  const std::string annotations = R"("annotations": [
      {"image_id": 3, "id": 1, "caption": "b one"}, {"image_id": 7, "id": 2, "caption": "a one"},
      {"image_id": 3, "id": 3, "caption": "b two"}])";
  const std::string other = R"("info": {"year": 2014}, "licenses": [{"id": 1}])";
  const std::map<std::string, Texts> expected{{"a.jpg", {"a one"}}, {"b.jpg", {"b one", "b two"}}};
  EXPECT_EQ(captions_in("{" + other + "," + images + "," + annotations + "}"), expected);
  EXPECT_EQ(captions_in("{" + annotations + "," + images + "}"), expected);
}

TEST(CaptionFile, KeepsPicturesWithoutCaptionsAsUnusable) {
  const TemporaryFolder folder;
  write_text(folder / "c.json", R"({"images": [{"id": 1, "file_name": "a.jpg"},
      {"id": 2, "file_name": "b.jpg"}], "annotations": [{"image_id": 2, "caption": "b"}]})");
  const auto source = open({.kind = SourceKind::kCaptions, .path = (folder / "c.json").string()});
  ASSERT_EQ(source->size(), 2);
  expect_error(ErrorKind::kData, {.where = "images[0]", .reason = "missing caption"},
               [&] { (void)source->captions(0); });
  EXPECT_EQ(source->captions(1), (Texts{"b"}));
}

TEST(CaptionFile, ReadsKarpathySplits) {
  const std::string content = R"({"images": [
      {"filepath": "val2014", "filename": "a.jpg", "split": "train", "sentences":
        [{"raw": "a one", "tokens": ["a"]}, {"raw": "a two"}]},
      {"filename": "b.jpg", "split": "test", "sentences": [{"raw": "b"}]},
      {"filepath": "", "filename": "c.jpg", "split": "train", "sentences": [{"raw": "c"}]}],
      "dataset": "coco"})";
  EXPECT_EQ(captions_in(content),
            (std::map<std::string, Texts>{
                {"val2014/a.jpg", {"a one", "a two"}}, {"b.jpg", {"b"}}, {"c.jpg", {"c"}}}));
  EXPECT_EQ(captions_in(content, {.splits = {"test", "val"}}),
            (std::map<std::string, Texts>{{"b.jpg", {"b"}}}));
  refuses({.what = "no images"}, content, {.splits = {"tset"}});
}

TEST(CaptionFile, ReadsBlipLists) {
  EXPECT_EQ(captions_in(R"([{"image": "a.jpg", "caption": "one"},
                            {"image": "b.jpg", "caption": ["two", "three"], "image_id": "x"}])"),
            (std::map<std::string, Texts>{{"a.jpg", {"one"}}, {"b.jpg", {"two", "three"}}}));
  EXPECT_EQ(captions_in(R"([{"url": "a.jpg", "text": "one"}])",
                        {.image_key = "url", .caption_key = "text"}),
            (std::map<std::string, Texts>{{"a.jpg", {"one"}}}));
}

TEST(CaptionFile, ReadsFlickr) {
  const std::map<std::string, Texts> expected{{"a.jpg", {"one, two", "three"}},
                                              {"b.jpg", {"four"}}};
  EXPECT_EQ(captions_in("image,caption\na.jpg,\"one, two\"\nb.jpg,four\na.jpg,three\n"), expected);
  EXPECT_EQ(captions_in("image,caption\r\na.jpg,one, two\r\nb.jpg,four\r\na.jpg,three"), expected);
  EXPECT_EQ(captions_in("a.jpg#0\tone, two\nb.jpg#0\tfour\na.jpg#1\tthree\n"), expected);
  EXPECT_EQ(captions_in("image_name| comment_number| comment\na.jpg| 0| one, two\nb.jpg| 0| four\n"
                        "a.jpg| 1   three\n"),
            expected);
  EXPECT_EQ(captions_in("a.jpg#0\t\"open quote\nb.jpg#0\tb\n"),
            (std::map<std::string, Texts>{{"a.jpg", {"\"open quote"}}, {"b.jpg", {"b"}}}));
}

TEST(CaptionFile, IsStrict) {
  refuses({.what = "unknown layout"}, "filepath\ttitle\na.jpg\tone\n");
  refuses({.what = "the caption file is empty"}, " \n");
  refuses({.where = "line 2, column"}, "[{\"image\": \"a\", \"caption\": \"b\"},\n {\"image\" 1}]");
  refuses({.what = "not valid JSON"}, R"([{"image": "a.jpg", "caption": "one"})");
  refuses({.found = "an infinite number"},
          R"([{"image": "a.jpg", "caption": "one", "score": 1e999}])");
  refuses({.what = R"(no field "image")", .where = "[0]"},
          R"([{"img": "a.jpg", "caption": "one"}])");
  refuses({.what = R"(invalid "caption")", .where = "[1]"},
          R"([{"image": "a", "caption": "b"}, {"image": "a", "caption": 5}])");
  refuses(
      {.what = "image_id 9 is not an image", .where = "annotations[0]"},
      R"({"images": [{"id": 1, "file_name": "a"}], "annotations": [{"image_id": 9, "caption": "b"}]})");
  refuses(
      {.what = "image id 1 appears twice", .where = "images[1]"},
      R"({"images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}], "annotations": []})");
  refuses({.what = "annotations without images"},
          R"({"annotations": [{"image_id": 9, "caption": "b"}]})");
  refuses({.what = "no images"}, R"({"images": [], "annotations": []})");
  refuses({.what = "wrong number of columns", .where = "line 3"},
          "image,caption\na.jpg,one\nb.jpg\n");
  refuses({.what = "the caption file has no splits"}, "image,caption\na.jpg,one\n",
          {.splits = {"train"}}, ErrorKind::kConfig);
  refuses({.what = "nested deeper than 64"}, std::string(100000, '['));
}

TEST(CaptionFile, NamesCocoWithoutCaptions) {
  const std::string images = R"({"images": [{"id": 1, "file_name": "a.jpg"}])";
  refuses({.what = "no annotations"}, images + "}");
  refuses({.what = "no annotations"}, images + R"(, "annotations": []})");
  refuses({.what = R"(no field "caption")"},
          images + R"(, "annotations": [{"image_id": 1, "bbox": [1]}]})");
}

TEST(CaptionFile, ReadsWhatPythonAndGzipWrite) {
  const std::string content = R"([{"image": "a.jpg", "caption": "one", "score": NaN}])";
  const std::map<std::string, Texts> expected{{"a.jpg", {"one"}}};
  EXPECT_EQ(captions_in(content), expected);
  EXPECT_EQ(captions_in(gzip(content)), expected);
  EXPECT_EQ(captions_in(gzip("image,caption\na.jpg,one\n")), expected);
  refuses({.what = R"(the key "caption" appears twice)", .where = "line 2, column 48"},
          "[\n {\"image\": \"a\", \"caption\": \"b\", \"caption\": \"c\"}]");
  refuses({.where = "line 1, column"}, "[{\"image\": \"a\", \"caption\": \"\xFF\"}]");
  refuses({.what = "not UTF-8"}, "[{\"image\": \"a\", \"caption\": \"\xFF\"}]");
}

TEST(CaptionFile, FindsPicturesUnderImageRoot) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "train2014");
  write_picture(folder / "train2014/a.jpg");
  write_text(folder / "c.json", R"([{"image": "a.jpg", "caption": "one"}])");
  const auto source = open({.kind = SourceKind::kCaptions,
                            .path = (folder / "c.json").string(),
                            .image_root = (folder / "train2014").string()});
  EXPECT_EQ(source->sample(0, 0).image.width, 24);
}

}  // namespace
}  // namespace tandem
