#include <torch/types.h>

#include "data/shards/shard_fixtures.h"
#include "tandem/core/files.h"
#include "tandem/data/shards.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

/// The same 37 pairs as a folder of one class, a table, JSON lines, a caption file and tar shards.
/// The eleventh picture is damaged everywhere.
class Exactness : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "folder/red_circle");
    std::string table = "filepath\ttitle\n";
    std::string lines;
    std::string list;
    for (int i = 0; i < 37; ++i) {
      const std::string name = "folder/red_circle/" + std::to_string(100 + i) + ".jpg";
      write_picture(folder_ / name, i);
      if (i == 10) cut_file(folder_ / name, 0.5);
      table += name + "\ta photo of a red circle\n";
      const std::string pair =
          R"("image": ")" + name + R"(", "caption": "a photo of a red circle")";
      lines += "{" + pair + "}\n";
      list += (i == 0 ? "[{" : ",{") + pair + "}";
    }
    write_text(folder_ / "pairs.tsv", table);
    write_text(folder_ / "pairs.jsonl", lines);
    write_text(folder_ / "pairs.json", list + "]");
    const ShardSummary packed =
        write_shards(*open(table_), folder_ / "shards", {.max_samples = 10});
    ASSERT_EQ(packed.samples, 37);
    ASSERT_EQ(packed.shards, 4);
  }

  /// Sample ids, pixels and token ids of every step, as one hash each.
  [[nodiscard]] std::vector<std::string> steps(const Source& source, LoaderOptions options) const {
    Loader loader(source, small_tokenizer(), std::move(options));
    std::vector<std::string> hashes;
    for (int i = 0; i < 7; ++i) {
      const Batch batch = loader.next();
      const auto bytes = [](const torch::Tensor& tensor) {
        return content_hash({static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()});
      };
      std::string text;
      for (const int64_t index : batch.indices) text += std::to_string(index) + ",";
      hashes.push_back(text + bytes(batch.images) + bytes(batch.tokens.ids) +
                       bytes(batch.image_groups) + std::to_string(batch.next_position));
    }
    return hashes;
  }

  [[nodiscard]] SourceOptions at(SourceKind kind, const char* path) const {
    return {.kind = kind, .path = (folder_ / path).string()};
  }

  TemporaryFolder folder_;
  SourceOptions table_ = at(SourceKind::kTable, "pairs.tsv");
};

TEST_F(Exactness, EveryKindOfSourceAndThreadCountGivesTheSameSteps) {
  const std::vector<std::string> expected = steps(*open(table_), small_batches(12, 1));
  SourceOptions lines = at(SourceKind::kJsonl, "pairs.jsonl");
  lines.image_key = "image";
  lines.caption_key = "caption";
  const std::vector<std::pair<const char*, SourceOptions>> kinds{
      {"table", table_},
      {"jsonl", lines},
      {"captions", at(SourceKind::kCaptions, "pairs.json")},
      {"folder", at(SourceKind::kFolder, "folder")},
      {"wds", at(SourceKind::kWds, "shards")}};
  for (const auto& [name, options] : kinds) {
    const auto source = open(options);
    for (const int64_t threads : {1, 2, 4, 8})
      EXPECT_EQ(steps(*source, small_batches(12, threads)), expected) << name << ", " << threads;
  }
}

TEST_F(Exactness, AnIndexChangesNothing) {
  const SourceOptions shards = at(SourceKind::kWds, "shards");
  const std::vector<std::string> expected = steps(*open(shards), small_batches(12));
  ASSERT_EQ(index_shards(shards, {}).size(), 4U);
  EXPECT_EQ(steps(*open(shards), small_batches(12)), expected);
}

TEST_F(Exactness, ShardsAreReproducibleByteForByte) {
  (void)write_shards(*open(table_), folder_ / "again", {.max_samples = 10, .threads = 7});
  for (const char* name : {"00000.tar", "00003.tar", "sizes.json"})
    EXPECT_EQ(read_file(folder_ / "again" / name), read_file(folder_ / "shards" / name)) << name;
  EXPECT_FALSE(fs::exists(folder_ / "again/00004.tar"));
  expect_error(ErrorKind::kCannotCreate, {.reason = "name taken"},
               [&] { (void)write_shards(*open(table_), folder_ / "again", {}); });
}

TEST_F(Exactness, ShardsKeepEveryCaptionAndClass) {
  write_text(folder_ / "many.jsonl",
             "{\"filepath\": \"folder/red_circle/100.jpg\", \"title\": [\"one\", \" \", \"two\"]}\n"
             "{\"filepath\": \"absent.jpg\", \"title\": \"x\"}\n");
  const auto many = open(at(SourceKind::kJsonl, "many.jsonl"));
  const ShardSummary packed = write_shards(*many, folder_ / "many", {});
  EXPECT_EQ(packed.left_out, (std::map<std::string, uint64_t>{{"missing file", 1}}));
  const auto again = open(at(SourceKind::kWds, "many"));
  ASSERT_EQ(again->size(), 1);
  EXPECT_EQ(again->captions(0), (std::vector<std::string>{"one", "two"}));

  (void)write_shards(*open(at(SourceKind::kFolder, "folder")), folder_ / "classes", {});
  const auto classes = open(at(SourceKind::kWds, "classes"));
  EXPECT_EQ(classes->class_names(), (std::vector<std::string>{"red circle"}));
  EXPECT_EQ(classes->sample(3, 0).class_index, 0);
}

TEST_F(Exactness, ShardsEndAtTheirLimits) {
  const auto source = open(table_);
  const auto one = static_cast<int64_t>(source->picture_file(0, 0).size());
  const ShardSummary packed = write_shards(*source, folder_ / "small", {.max_bytes = one / 2});
  EXPECT_EQ(packed.shards, 37);
}

}  // namespace
}  // namespace tandem
