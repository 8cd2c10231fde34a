#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>

#include <torch/types.h>

#include "data/shards/shard_fixtures.h"
#include "io/tar/tar_writer.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

/// Resident memory of this process, in bytes.
double resident() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

TEST(Memory, TenMillionRowsFitIn120BytesEach) {
  constexpr int64_t kRows = 10'000'000;
  const TemporaryFolder folder;
  {
    std::ofstream table(folder / "list.tsv");
    table << "filepath\ttitle\n";
    char line[80];
    for (int64_t i = 0; i < kRows; ++i) {
      const int size = std::snprintf(
          line, sizeof line, "%05ld/%09ld.jpg\ta picture of thing number %ld\n", i / 10000, i, i);
      table.write(line, size);
    }
  }
  const double before = resident();
  const auto began = std::chrono::steady_clock::now();
  const auto source = open({.kind = SourceKind::kTable, .path = (folder / "list.tsv").string()});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const double per_row = (resident() - before) / static_cast<double>(kRows);
  std::cout << kRows << " rows: " << per_row << " bytes each, opened in " << took.count() << " s, "
            << static_cast<double>(std::filesystem::file_size(folder / "list.tsv")) / kRows
            << " bytes a row in the file\n";
  EXPECT_EQ(source->size(), kRows);
  EXPECT_EQ(source->captions(9'999'999)[0], "a picture of thing number 9999999");
  EXPECT_LT(per_row, 120);
  EXPECT_LT(took.count(), 15);
}

TEST(Memory, StaysFlatOver200000Samples) {
  constexpr int kShards = 20;
  constexpr int kPerShard = 1000;
  const TemporaryFolder folder;
  std::vector<std::string> pictures;
  for (int i = 0; i < 50; ++i) pictures.push_back(picture_bytes("jpg", i));
  for (int shard = 0; shard < kShards; ++shard) {
    std::string tar;
    for (int i = 0; i < kPerShard; ++i) {
      const std::string key = std::to_string(100000 + shard * kPerShard + i);
      tar += tar_member(key + ".jpg", pictures[static_cast<size_t>(i % 50)]);
      tar += tar_member(key + ".txt", "a red circle number " + key);
    }
    write_text(folder / (std::to_string(100 + shard) + ".tar"), tar + tar_end());
  }
  const auto source = open_shards(folder.path().string());
  ASSERT_EQ(source->size(), kShards * kPerShard);
  Loader loader(*source, small_tokenizer(), small_batches(500));
  double early = 0;
  for (int batch = 1; batch <= 400; ++batch) {
    (void)loader.next();
    if (batch == 40) early = resident();
  }
  const double late = resident();
  std::cout << "resident after 20000 samples " << early / 1e6 << " MB, after 200000 " << late / 1e6
            << " MB\n";
  EXPECT_EQ(loader.stats().good, 200000U);
  EXPECT_LT(late, early * 1.03);
}

}  // namespace
}  // namespace tandem
