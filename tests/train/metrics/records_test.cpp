#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "train/metrics/metrics_log.h"
#include "train/metrics/tensorboard.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

std::vector<nlohmann::json> lines_of(const fs::path& file) {
  std::vector<nlohmann::json> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(LogFile, EndsForItselfWhereTwoHaveOnePath) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "train.log";
  {
    const LogFile first(path);
    { const LogFile second(path); }
    log_info("the first still lives");
    EXPECT_NE(read_file(path).find("the first still lives"), std::string::npos);
  }
  log_info("too late");
  EXPECT_EQ(read_file(path).find("too late"), std::string::npos);
}

TEST(MetricsLog, WritesOneObjectPerLine) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "metrics.jsonl";
  MetricsLog log(file, 0);
  EXPECT_TRUE(std::isnan(log.last_loss()));
  log.write(10, 80, {{"train/loss", 2.5}, {"train/lr", 1e-3}});
  log.write(10, 80, {{"retrieval/R@1", std::numeric_limits<double>::quiet_NaN()}});
  const auto lines = lines_of(file);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["step"], 10);
  EXPECT_EQ(lines[0]["samples"], 80);
  EXPECT_NEAR(lines[0]["wall_time"].get<double>(), wall_time(), 60.0);
  EXPECT_EQ(lines[0]["train/loss"], 2.5);
  EXPECT_TRUE(lines[1]["retrieval/R@1"].is_null());
  EXPECT_EQ(log.last_loss(), 2.5);
}

TEST(MetricsLog, CutsBackToTheStepItGoesOnFrom) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "metrics.jsonl";
  {
    MetricsLog log(file, 0);
    log.write(1, 1, {{"train/loss", 10.0}});
    log.write(2, 2, {{"train/loss", 20.0}});
    log.write(3, 3, {{"train/loss", 30.0}});
  }
  std::ofstream(file, std::ios::app) << "not json\n{\"step\": 2, \"train/lo";
  MetricsLog log(file, 2);
  EXPECT_EQ(log.last_loss(), 20.0);
  log.write(3, 3, {{"train/loss", 33.0}});
  const auto lines = lines_of(file);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1]["step"], 2);
  EXPECT_EQ(lines[2]["train/loss"], 33.0);
}

// Check values of RFC 3720, B.4, and of the usual nine digits.
TEST(TensorBoard, ComputesCrc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(TensorBoard, FramesRecordsAsTfRecordFilesDo) {
  // An empty record: length 0, the masked CRC of eight zero bytes, no data, the masked CRC of
  // nothing (which is the mask itself).
  EXPECT_EQ(tfrecord(""), std::string("\0\0\0\0\0\0\0\0"
                                      "\x29\x03\x98\x07"
                                      "\xd8\xea\x82\xa2",
                                      16));
  EXPECT_EQ(tfrecord("abc").size(), 8U + 4U + 3U + 4U);
}

// Reads the records of an event file, checking nothing but the lengths.
std::vector<std::string> records_of(const fs::path& file) {
  const std::string bytes = read_file(file);
  std::vector<std::string> records;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof(length));
    records.push_back(bytes.substr(at + 12, length));
    at += 16 + length;
  }
  return records;
}

TEST(TensorBoard, WritesAnEventPerStep) {
  const TemporaryFolder folder;
  {
    EventWriter writer(folder.path(), 1);
    writer.write(300, {{"train/loss", 0.5}});
  }
  const fs::path file = fs::directory_iterator(folder.path())->path();
  EXPECT_TRUE(file.filename().string().starts_with("events.out.tfevents."));
  const auto records = records_of(file);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_NE(records[0].find("brain.Event:2"), std::string::npos);
  // After the time: step 300; summary of 19 bytes; value of 17; tag of 10; 0.5f.
  EXPECT_EQ(records[2].substr(9), std::string("\x10\xac\x02"
                                              "\x2a\x13\x0a\x11\x0a\x0atrain/loss\x15\0\0\0\x3f",
                                              24));
}

}  // namespace
}  // namespace tandem
