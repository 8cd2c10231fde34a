#include "tandem/io/parquet.h"
#include "core/temporary_folder.h"
#include "io/parquet/parquet_file.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(ParquetWriter, WritesStringsAndNullsThatAreReadBack) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  const TemporaryFolder folder;
  ParquetWriter writer(folder / "a.parquet", {"image_path", "caption"});
  constexpr int64_t kRows = 100'003;  // more than one row group
  for (int64_t i = 0; i < kRows; ++i)
    writer.add({std::to_string(i) + ".jpg",
                i % 3 == 0 ? std::nullopt : std::optional("ä " + std::to_string(i))});
  writer.commit();

  const ParquetFile file(folder / "a.parquet");
  ASSERT_EQ(file.rows(), kRows);
  ASSERT_EQ(file.columns().size(), 2U);
  EXPECT_EQ(file.columns()[1].name, "caption");
  EXPECT_EQ(file.columns()[1].kind, ParquetKind::kText);
  int64_t row = 0;
  file.read_texts({0, 1}, [&](const std::vector<ParquetCell>& cells) {
    ASSERT_EQ(cells[0], ParquetCell{std::to_string(row) + ".jpg"});
    ASSERT_EQ(cells[1], row % 3 == 0 ? ParquetCell{} : ParquetCell{"ä " + std::to_string(row)});
    ++row;
  });
  EXPECT_EQ(row, kRows);
}

TEST(ParquetWriter, LeavesNothingBehindWithoutCommit) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  const TemporaryFolder folder;
  {
    ParquetWriter writer(folder / "a.parquet", {"caption"});
    writer.add({"one"});
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "a.parquet"));
}

}  // namespace
}  // namespace tandem
