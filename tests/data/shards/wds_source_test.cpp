#include <gtest/gtest.h>

#include "data/shards/shard_fixtures.h"
#include "data/shards/shard_samples.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "tandem/data/survey.h"

namespace tandem {
namespace {

using Texts = std::vector<std::string>;

TEST(MemberName, SplitsAtTheFirstDotBehindTheLastSlash) {
  const auto key = [](std::string_view name) { return std::string(split_member_name(name).key); };
  const auto extension = [](std::string_view name) { return split_member_name(name).extension; };
  EXPECT_EQ(key("a/b.seg.png"), "a/b");
  EXPECT_EQ(extension("a/b.seg.png"), "seg.png");
  EXPECT_EQ(key("v1.0/x.JPG"), "v1.0/x");
  EXPECT_EQ(extension("v1.0/x.JPG"), "jpg");
  EXPECT_EQ(key("./000.txt"), "./000");
  EXPECT_EQ(key("README"), "");
  EXPECT_EQ(key("a/._000.jpg"), "");
  EXPECT_EQ(key(".hidden"), "");
}

TEST(WdsSource, GivesPicturesAndCaptionsInShardOrder) {
  const TemporaryFolder folder;
  write_tar(folder / "000.tar", simple_members(0, 3));
  write_tar(folder / "001.tar", simple_members(5, 7));
  const auto source = open_shards((folder / "{000..001}.tar").string());
  ASSERT_EQ(source->size(), 5);
  EXPECT_EQ(keys_of(*source),
            (Texts{"000000000", "000000001", "000000002", "000000005", "000000006"}));
  EXPECT_EQ(source->key(3), (folder / "001.tar").string() + ":000000005");
  const RawSample sample = source->sample(3, 0);
  EXPECT_EQ(sample.captions, (Texts{"picture 5"}));
  EXPECT_EQ(sample.class_index, -1);
  const Image expected = decode_image(picture_bytes("jpg", 5), {});
  EXPECT_EQ(sample.image.pixels, expected.pixels);
  EXPECT_EQ(source->picture_file(3, 0), picture_bytes("jpg", 5));
}

TEST(WdsSource, TakesFoldersAndJoinedLists) {
  const TemporaryFolder folder;
  write_tar(folder / "b.tar", simple_members(2, 3));
  write_tar(folder / "a.tar", simple_members(0, 2));
  write_text(folder / "a.tar.idx.old", "");
  const Texts in_order{"000000000", "000000001", "000000002"};
  EXPECT_EQ(keys_of(*open_shards(folder.path().string())), in_order);
  EXPECT_EQ(keys_of(*open_shards((folder / "a.tar").string() + "::" + (folder / "b.tar").string())),
            in_order);
}

TEST(WdsSource, GroupsByTheRulesOfTheFormat) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  write_tar(folder / "a.tar", {{"__meta__", "m"},
                               {"__dir__/x.jpg", jpg},
                               {"README", "no extension"},
                               {"one/x.JPG", jpg},
                               {"one/x.TXT", "upper case"},
                               {"one/x.seg.png", "a mask"},
                               {"two/x.jpeg", jpg},
                               {"two/x.txt", "same base, other folder"},
                               {"y.png", picture_bytes("png")},
                               {"y.txt", "png"},
                               {"z.webp", picture_bytes("webp")},
                               {"z.bmp", picture_bytes("bmp", 3)},
                               {"z.txt", "two pictures"}});
  const auto source = open_shards((folder / "a.tar").string());
  EXPECT_EQ(keys_of(*source), (Texts{"one/x", "two/x", "y", "z"}));
  EXPECT_EQ(source->captions(0), (Texts{"upper case"}));
  EXPECT_EQ(source->picture_file(3, 0), picture_bytes("webp"));
  for (int64_t i = 0; i < source->size(); ++i) EXPECT_EQ(source->sample(i, 0).image.width, 24);
}

TEST(WdsSource, JoinsTextAndJson) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  write_tar(folder / "a.tar",
            {{"a.jpg", jpg},
             {"a.json", R"({"caption": "same", "url": "x"})"},
             {"a.txt", "same"},
             {"b.jpg", jpg},
             {"b.json", R"({"caption": ["second", "third"]})"},
             {"b.txt", "first"},
             {"c.jpg", jpg},
             {"c.json", R"({"caption": "only"})"},
             {"d.jpg", jpg},
             {"d.json", R"({"other": 1})"},
             {"d.txt", "text is enough"},
             {"e.jpg", jpg},
             {"e.json", R"({"captions": {"de": "Hund", "en": ["dog", "hound"]}})"},
             {"e.txt", "ignored with languages"}});
  SourceOptions options{.caption_key = "caption"};
  const auto source = open_shards((folder / "a.tar").string(), options);
  EXPECT_EQ(source->captions(0), (Texts{"same"}));
  EXPECT_EQ(source->captions(1), (Texts{"first", "second", "third"}));
  EXPECT_EQ(source->captions(2), (Texts{"only"}));
  EXPECT_EQ(source->captions(3), (Texts{"text is enough"}));
  options.languages = {"en", "de"};
  options.caption_weights = {3, 1};
  const auto by_language = open_shards((folder / "a.tar").string(), options);
  const RawSample sample = by_language->sample(4, 0);
  EXPECT_EQ(sample.captions, (Texts{"dog", "hound", "Hund"}));
  EXPECT_EQ(sample.caption_weights, (std::vector<double>{1.5, 1.5, 1}));
}

TEST(WdsSource, TextThatIsNotUtf8CostsItsOwnContent) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  write_tar(folder / "a.tar", {{"a.jpg", jpg},
                               {"a.txt", "caf\xE9"},
                               {"b.jpg", jpg},
                               {"b.json", R"({"caption": "from the json"})"},
                               {"b.txt", "caf\xE9"},
                               {"c.jpg", jpg},
                               {"c.txt", "café"}});
  const auto source = open_shards((folder / "a.tar").string(), {.caption_key = "caption"});
  expect_error(ErrorKind::kData, {.reason = "not UTF-8"}, [&] { (void)source->sample(0, 0); });
  EXPECT_EQ(source->sample(1, 0).captions, Texts{"from the json"});
  EXPECT_EQ(source->sample(2, 0).captions, Texts{"café"});
  const DataSurvey found = survey(*source, {});
  EXPECT_EQ(found.unusable.at("not UTF-8").count, 1U);
}

TEST(WdsSource, TakesAPictureUnderItsLesserNames) {
  const TemporaryFolder folder;
  write_tar(folder / "a.tar", {{"0.jfif", picture_bytes("jpg")},
                               {"0.txt", "zero"},
                               {"1.jpe", picture_bytes("jpg")},
                               {"1.txt", "one"},
                               {"2.gif", "GIF89a" + std::string(100, '\0')},
                               {"2.txt", "two"}});
  const auto source = open_shards((folder / "a.tar").string());
  EXPECT_EQ(source->sample(0, 0).image.width, 24);
  EXPECT_EQ(source->sample(1, 0).image.width, 24);
  expect_error(ErrorKind::kData, {.found = "GIF"}, [&] { (void)source->sample(2, 0); });
}

TEST(WdsSource, ReadsClasses) {
  const TemporaryFolder folder;
  write_text(folder / "classes.txt", "red_circle\nblue square\r\n");
  const std::string jpg = picture_bytes("jpg");
  write_tar(folder / "a.tar", {{"0.jpg", jpg},
                               {"0.cls", "1\n"},
                               {"1.jpg", jpg},
                               {"1.cls", "0"},
                               {"1.txt", "own caption"},
                               {"2.jpg", jpg},
                               {"2.cls", "2"}});
  const auto source = open_shards((folder / "a.tar").string());
  EXPECT_EQ(source->class_names(), (Texts{"red circle", "blue square"}));
  EXPECT_EQ(source->sample(0, 0).class_index, 1);
  EXPECT_EQ(source->captions(0), (Texts{"a photo of a blue square"}));
  EXPECT_EQ(source->captions(1), (Texts{"own caption"}));
  EXPECT_EQ(source->class_of(1), 0);
  expect_error(ErrorKind::kData, {.expected = "from 0 to 1"}, [&] { (void)source->sample(2, 0); });
}

TEST(WdsSource, RefusesAnEmptyLineAmongItsClasses) {
  const TemporaryFolder folder;
  write_text(folder / "classnames.txt", "very nearby\nnearby\n\nfar\n");
  write_tar(folder / "a.tar", {{"0.jpg", picture_bytes("jpg")}, {"0.cls", "3"}});
  expect_error(ErrorKind::kData, {.what = "the line is empty", .where = "classnames.txt, line 3"},
               [&] { (void)open_shards((folder / "a.tar").string()); });
  write_text(folder / "classnames.txt", "\xEF\xBB\xBFvery nearby\nnearby \nmiddle\nfar\n\n");
  EXPECT_EQ(open_shards((folder / "a.tar").string())->captions(0), (Texts{"a photo of a far"}));
}

TEST(WdsSource, ReadsWhatImg2datasetWrites) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  const auto json = [](const char* key) {
    return std::string(R"({"url": "https://example.org/a.jpg", "caption": "a dog", "key": ")") +
           key + R"(", "status": "success", "error_message": null, "width": 24, "sha256": "ab"})";
  };
  write_tar(folder / "00000.tar", {{"000000000.jpg", jpg},
                                   {"000000000.txt", "a dog"},
                                   {"000000000.json", json("000000000")},
                                   {"000000007.jpg", jpg},
                                   {"000000007.txt", "a dog"},
                                   {"000000007.json", json("000000007")}});
  const auto source = open_shards((folder / "00000.tar").string(), {.caption_key = "caption"});
  EXPECT_EQ(keys_of(*source), (Texts{"000000000", "000000007"}));
  EXPECT_EQ(source->captions(1), (Texts{"a dog"}));
}

TEST(WdsSource, ComparesWithSizesJson) {
  const TemporaryFolder folder;
  write_tar(folder / "0.tar", simple_members(0, 2));
  write_tar(folder / "1.tar", simple_members(2, 3));
  write_text(folder / "sizes.json", R"({"0.tar": 2, "1.tar": 4})");
  write_text(folder / "__len__", "3");
  const LogFile log(folder / "log");
  EXPECT_EQ(open_shards((folder / "{0,1}.tar").string())->size(), 3);
  const std::string said = read_file(folder / "log");
  EXPECT_NE(said.find("1.tar: 1 instead of 4"), std::string::npos) << said;
  EXPECT_EQ(said.find("0.tar: "), std::string::npos) << said;
  EXPECT_EQ(said.find("__len__"), std::string::npos) << said;
}

TEST(WdsSource, FingerprintFollowsTheSamplesOnly) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b", "c"}) std::filesystem::create_directory(folder / name);
  write_tar(folder / "a" / "0.tar", simple_members(0, 3));
  write_tar(folder / "b" / "0.tar", simple_members(0, 3));
  write_tar(folder / "c" / "0.tar", simple_members(0, 2));
  const auto print = [&](const char* name) {
    return open_shards((folder / name).string())->fingerprint();
  };
  EXPECT_EQ(print("a"), print("b"));
  EXPECT_NE(print("a"), print("c"));
}

}  // namespace
}  // namespace tandem
